//! Maps of what policy files name, with a hash that is quick: they are looked into several times a question. Whoever asks
//! cannot add to them, so a hash that withstands chosen keys would guard nothing; this one is seeded all the same.

use foldhash::fast::RandomState;

/// Keeps the order of the files.
pub type IndexMap<K, V> = indexmap::IndexMap<K, V, RandomState>;
/// Keeps the order of the files.
pub type IndexSet<T> = indexmap::IndexSet<T, RandomState>;
/// In no order.
pub type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;
/// In no order.
pub type HashSet<T> = std::collections::HashSet<T, RandomState>;
