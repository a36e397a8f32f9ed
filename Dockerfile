# syntax=docker/dockerfile:1
# docker build --build-arg OCTROI_COMMIT="$(git rev-parse --short=12 HEAD)" -t octroi .

# Builder and final image must be of the same Debian release: the program links against its libc.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# Cargo.toml names the bench and test targets by path, so they must be there although they are not built.
COPY Cargo.toml Cargo.lock build.rs ./
COPY src src
# The shipped applications are in the program: `octroi init --from`.
COPY policies policies
COPY benches benches
COPY tests/integration tests/integration
# `octroi --version` and the metric `octroi_build_info` show it; the build context has no .git to ask.
ARG OCTROI_COMMIT="unknown commit"
# The caches outlive the layer, so a change of the sources does not compile the dependencies again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    OCTROI_COMMIT="$OCTROI_COMMIT" cargo build --release --locked --bin octroi \
    && install -D -m 0755 target/release/octroi /out/octroi

# libc and libgcc, no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/octroi /usr/local/bin/octroi
# By number, so that Kubernetes' runAsNonRoot can tell. It is the image's own `nonroot`.
USER 65532:65532
# Mount the policies here, read-only. It also holds for `check`, `test` and `ask` run in this image.
ENV OCTROI_POLICIES=/policies
# Both listeners stay on the loopback, which the containers of a pod share. Where the app is in another network
# namespace, as with `docker run -p` or compose: OCTROI_LISTEN=0.0.0.0:8181, on a network that only the app can reach.
EXPOSE 8181 8182
# Follows OCTROI_ADMIN, and asks the loopback.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/octroi", "health"]
ENTRYPOINT ["/usr/local/bin/octroi"]
CMD ["serve"]
