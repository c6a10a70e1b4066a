# Builds the server and the load generator, and an image that holds nothing but those two binaries.
#   docker build -t hypercache:local .
#   docker run --rm -p 127.0.0.1:8080:8080 -p 127.0.0.1:9080:9080 hypercache:local

FROM rust:1.95-bookworm AS build
WORKDIR /build
# Symbol names stay, for readable backtraces; line tables go, they are most of the size.
ENV CARGO_PROFILE_RELEASE_STRIP=debuginfo

# The dependencies are a layer of their own: it is built from the manifests and empty sources, and stays valid until they change.
COPY Cargo.toml Cargo.lock ./
COPY hypercache/Cargo.toml hypercache/
COPY loadgen/Cargo.toml loadgen/
RUN mkdir hypercache/src loadgen/src \
 && touch hypercache/src/lib.rs \
 && echo 'fn main() {}' | tee hypercache/src/main.rs > loadgen/src/main.rs \
 && cargo build --release --locked --package hypercache --package loadgen

COPY hypercache hypercache
COPY loadgen loadgen
# A checkout can be older than the layer above, and cargo compares times: without the touch it would keep the empty sources.
RUN find hypercache loadgen -name '*.rs' -exec touch {} + \
 && cargo build --release --locked --package hypercache --package loadgen \
 && install -D --target-directory=/out target/release/hypercache target/release/loadgen

FROM debian:bookworm-slim AS runtime
LABEL org.opencontainers.image.title="HyperCache" \
      org.opencontainers.image.description="A Redis-compatible distributed cache that explains itself" \
      org.opencontainers.image.licenses="MIT"
# Named volumes mounted on these two folders take over their owner, so that nobody has to be root.
RUN groupadd --gid 10001 hypercache \
 && useradd --uid 10001 --gid hypercache --no-create-home --home-dir /var/lib/hypercache --shell /usr/sbin/nologin hypercache \
 && install -d -o hypercache -g hypercache -m 0750 /var/lib/hypercache \
 && install -d -o hypercache -g hypercache -m 0755 /var/log/hypercache
COPY --from=build /out/ /usr/local/bin/

USER 10001:10001
WORKDIR /var/lib/hypercache
ENV HYPERCACHE_RESP_ADDR=0.0.0.0:8080 \
    HYPERCACHE_HTTP_ADDR=0.0.0.0:9080 \
    HYPERCACHE_DATA_DIR=/var/lib/hypercache/node-1 \
    HYPERCACHE_LOG_DIR=/var/log/hypercache/node-1
EXPOSE 8080 9080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=6 \
    CMD ["hypercache", "healthcheck", "--url", "http://127.0.0.1:9080/health/ready"]
ENTRYPOINT ["hypercache"]
