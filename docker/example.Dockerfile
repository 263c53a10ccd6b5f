# The shop of migrations-example, as an application's image on top of docker/Dockerfile's. Build
# that one first, then from the project's top folder:
#
#	docker build -f docker/example.Dockerfile -t shop .
#	docker run --rm -v shop-data:/data shop

FROM db-entry
RUN apt-get update && apt-get install -y --no-install-recommends sqlite3 \
    && rm -rf /var/lib/apt/lists/*

# A new named volume takes owner and mode from this folder.
RUN install -d -o 10001 -g 10001 /data
USER 10001:10001

WORKDIR /app
COPY migrations-example/migrations db/migrations
COPY migrations-example/app app
ENV SHOP_DB=/data/shop.db DATABASE_URL=sqlite:/data/shop.db
HEALTHCHECK CMD ["/usr/local/bin/db-entry", "health"]
CMD ["./app"]
