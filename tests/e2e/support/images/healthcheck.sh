#!/bin/sh
# Stands in for healthcheck.sh of the image mariadb: the real server answers, over TCP.
exec mariadb-admin -u healthcheck --protocol=tcp -h 127.0.0.1 --silent ping
