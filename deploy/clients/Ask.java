import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * Asks an octroi sidecar. The class {@link Octroi} is for an app; JDK 17 is all it needs.
 *
 * <pre>
 * javac Ask.java
 * java Ask SUBJECT ACTION[,ACTION...] TYPE ID [PROPERTY=VALUE ...]
 * java Ask marc read conversation c-1 tenant=boutiques-durand sub_account=paris-marais
 * </pre>
 *
 * Prints {@code allow} or {@code deny}; of several actions, one line each. Exit code: 0 allow, 5 deny (one of them), 1 in
 * doubt, 2 wrong usage. OCTROI_URL, OCTROI_TOKEN and OCTROI_TIMEOUT_MS say where, as whom, and how long to wait.
 *
 * <p>The JDK has no JSON. What is sent is escaped here. What comes back is compared, not parsed: octroi writes the decision
 * first and without spaces, and anything that looks different is in doubt. An app that has a JSON library should use it.
 */
public final class Ask {
    private Ask() {}

    /** There is no certain answer. Whoever asked must act as on a deny. */
    public static final class InDoubt extends Exception {
        private static final long serialVersionUID = 1;

        InDoubt(String message) {
            super("in doubt, so denied: " + message);
        }
    }

    /** A subject or a resource. */
    public record Entity(String type, String id, Map<String, String> properties) {
        String json() {
            String members = properties.entrySet().stream()
                    .map(property -> quoted(property.getKey()) + ":" + quoted(property.getValue()))
                    .collect(Collectors.joining(","));
            return "{\"type\":" + quoted(type) + ",\"id\":" + quoted(id) + ",\"properties\":{" + members + "}}";
        }
    }

    /** One for the whole app: it is safe for all threads and keeps connections. */
    public static final class Octroi {
        /** How often to ask again after a refused or broken connection. */
        private static final int UNREACHED_MAX = 1;
        /** How often to ask again after a 503. */
        private static final int BUSY_MAX = 2;
        /** Longest Retry-After that is waited for. */
        private static final Duration WAIT_MAX = Duration.ofSeconds(2);
        private static final Duration PAUSE = Duration.ofMillis(100);
        private static final System.Logger LOG = System.getLogger("octroi");

        private final HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER) // a redirect is no decision
                .proxy(HttpClient.Builder.NO_PROXY) // it is a neighbour
                .build();
        private final String url;
        private final String token;
        private final Duration timeout;

        /** {@code timeout} is for a whole request: connecting, sending, waiting, reading. No token: null. */
        public Octroi(String url, String token, Duration timeout) {
            this.url = url.replaceAll("/+$", "");
            this.token = token;
            this.timeout = timeout;
        }

        /** Whether the subject may. Denies when in doubt, and logs why. */
        public boolean may(Entity subject, String action, Entity resource) throws InterruptedException {
            try {
                return decide(subject, action, resource);
            } catch (InDoubt doubt) {
                LOG.log(System.Logger.Level.WARNING, doubt.getMessage());
                return false;
            }
        }

        /** Which of the actions the subject may, in one request: for the buttons of a page. */
        public Map<String, Boolean> mayEach(Entity subject, List<String> actions, Entity resource)
                throws InterruptedException {
            try {
                return decideEach(subject, actions, resource);
            } catch (InDoubt doubt) {
                LOG.log(System.Logger.Level.WARNING, doubt.getMessage());
                return denied(actions);
            }
        }

        /** As {@code may}, but throws when in doubt. */
        public boolean decide(Entity subject, String action, Entity resource) throws InDoubt, InterruptedException {
            String question = "{\"subject\":" + subject.json() + ",\"action\":{\"name\":" + quoted(action)
                    + "},\"resource\":" + resource.json() + "}";
            return decision(ask("/access/v1/evaluation", question));
        }

        /** As {@code mayEach}, but throws when in doubt. Only plain answers are understood: no `serve --explain always`. */
        public Map<String, Boolean> decideEach(Entity subject, List<String> actions, Entity resource)
                throws InDoubt, InterruptedException {
            String evaluations = actions.stream()
                    .map(action -> "{\"action\":{\"name\":" + quoted(action) + "}}")
                    .collect(Collectors.joining(","));
            String answer = ask("/access/v1/evaluations", "{\"subject\":" + subject.json() + ",\"resource\":"
                    + resource.json() + ",\"evaluations\":[" + evaluations + "]}");
            String start = "{\"evaluations\":[";
            String end = "]}";
            boolean whole = answer.startsWith(start) && answer.endsWith(end);
            String[] decisions =
                    whole ? answer.substring(start.length(), answer.length() - end.length()).split(",", -1) : new String[0];
            if (decisions.length != actions.size()) {
                throw new InDoubt("200 without one plain decision for each question");
            }
            Map<String, Boolean> each = new LinkedHashMap<>();
            for (int at = 0; at < decisions.length; at++) {
                each.put(actions.get(at), decision(decisions[at]));
            }
            return each;
        }

        private static boolean decision(String answer) throws InDoubt {
            for (boolean decision : new boolean[] {true, false}) {
                String plain = "{\"decision\":" + decision;
                if (answer.equals(plain + "}") || answer.startsWith(plain + ",\"context\":{") && answer.endsWith("}}")) {
                    return decision;
                }
            }
            throw new InDoubt("200 without a decision");
        }

        /** The answer's body. Asks again where that can help, which is safe: a question changes nothing. */
        private String ask(String path, String question) throws InDoubt, InterruptedException {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path))
                    .header("Content-Type", "application/json")
                    .header("X-Request-ID", UUID.randomUUID().toString()) // better: the id of the request that you serve
                    .POST(BodyPublishers.ofString(question));
            if (token != null) {
                request.header("Authorization", "Bearer " + token);
            }
            for (int unreached = 0, busy = 0; ; ) {
                HttpResponse<String> response;
                try {
                    response = send(request.build());
                } catch (IOException error) {
                    if (++unreached > UNREACHED_MAX) {
                        throw new InDoubt("cannot reach " + url + ": " + error);
                    }
                    Thread.sleep(PAUSE.toMillis());
                    continue;
                }
                if (response.statusCode() == 200) {
                    return response.body();
                }
                // 400: this question is wrong. 401: the token is. Neither is mended by asking again.
                InDoubt doubt = new InDoubt(response.statusCode() + ": " + response.body());
                if (response.statusCode() != 503) {
                    throw doubt;
                }
                Duration wait = response.headers().firstValue("Retry-After")
                        .filter(seconds -> seconds.matches("[0-9]{1,9}"))
                        .map(seconds -> Duration.ofSeconds(Integer.parseInt(seconds)))
                        .orElse(PAUSE);
                if (++busy > BUSY_MAX || wait.compareTo(WAIT_MAX) > 0) {
                    throw doubt;
                }
                Thread.sleep(wait.toMillis());
            }
        }

        /** One request. The timeout that a request itself can have ends with its headers; this one covers the body too. */
        private HttpResponse<String> send(HttpRequest request) throws IOException, InDoubt, InterruptedException {
            CompletableFuture<HttpResponse<String>> sent = client.sendAsync(request, BodyHandlers.ofString());
            try {
                return sent.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException late) {
                throw new InDoubt("no answer within " + timeout.toMillis() + " ms");
            } catch (ExecutionException failed) {
                throw failed.getCause() instanceof IOException cause ? cause : new IOException(failed.getCause());
            } finally {
                sent.cancel(true); // closes what is still under way
            }
        }
    }

    private static Map<String, Boolean> denied(List<String> actions) {
        Map<String, Boolean> each = new LinkedHashMap<>();
        actions.forEach(action -> each.put(action, false));
        return each;
    }

    /** A text as JSON. */
    private static String quoted(String text) {
        return text.chars()
                .mapToObj(unit -> switch (unit) {
                    case '"' -> "\\\"";
                    case '\\' -> "\\\\";
                    default -> unit < ' ' ? String.format("\\u%04x", unit) : String.valueOf((char) unit);
                })
                .collect(Collectors.joining("", "\"", "\""));
    }

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length < 4) {
            System.err.println("usage: Ask SUBJECT ACTION[,ACTION...] TYPE ID [PROPERTY=VALUE ...]");
            System.exit(2);
        }
        Map<String, String> env = System.getenv();
        Octroi octroi = new Octroi(
                env.getOrDefault("OCTROI_URL", "http://127.0.0.1:8181"),
                env.get("OCTROI_TOKEN"),
                Duration.ofMillis(Integer.parseInt(env.getOrDefault("OCTROI_TIMEOUT_MS", "500"))));
        Map<String, String> properties = new LinkedHashMap<>();
        for (String property : Arrays.asList(arguments).subList(4, arguments.length)) {
            String[] parts = property.split("=", 2);
            properties.put(parts[0], parts.length == 2 ? parts[1] : "");
        }
        Entity subject = new Entity("user", arguments[0], Map.of());
        Entity resource = new Entity(arguments[2], arguments[3], properties);
        System.exit(run(octroi, subject, List.of(arguments[1].split(",")), resource));
    }

    private static int run(Octroi octroi, Entity subject, List<String> actions, Entity resource)
            throws InterruptedException {
        Map<String, Boolean> each;
        boolean inDoubt = false;
        try {
            each = actions.size() == 1
                    ? Map.of(actions.get(0), octroi.decide(subject, actions.get(0), resource))
                    : octroi.decideEach(subject, actions, resource);
        } catch (InDoubt doubt) {
            System.err.println(doubt.getMessage());
            each = denied(actions);
            inDoubt = true;
        }
        each.forEach((action, allowed) -> {
            String word = allowed ? "allow" : "deny";
            System.out.println(actions.size() == 1 ? word : action + " " + word);
        });
        return inDoubt ? 1 : each.containsValue(false) ? 5 : 0;
    }
}
