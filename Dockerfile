# Sharpformer's command line in a container.
#   docker build -t sharpformer .        (podman and buildah read this file too)
#   docker run --rm sharpformer demo
#   docker run --rm -v "$PWD:/work" sharpformer edits list --edits facts.db
# Everything but the two images comes from package sources: NuGet's and Debian's. What runs is the one file of a release, in an image with
# neither .NET nor a compiler, as a user who may write to /work alone.
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
ARG BASE=debian:bookworm-slim

FROM ${SDK} AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/Cli -p:PublishProfile=SingleFile --use-current-runtime -o /out

FROM ${BASE}
# .NET computes checksums by OpenSSL.
RUN apt-get update && apt-get install -y --no-install-recommends libssl3 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /opt/sharpformer
RUN ln -s /opt/sharpformer/sharpformer /usr/local/bin/sharpformer \
    && useradd --create-home --uid 10001 sharpformer && mkdir /work && chown sharpformer /work
USER sharpformer
WORKDIR /work
ENTRYPOINT ["sharpformer"]
