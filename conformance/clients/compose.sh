# The two-network application by docker-compose 1.29.
set -eux
docker-compose -p app -f "$1/compose.yaml" up -d
docker-compose -p app -f "$1/compose.yaml" ps | grep 'app_web_1.*Up'
docker-compose -p app -f "$1/compose.yaml" exec -T user wget -qO- http://web | grep 'Welcome to nginx'
docker-compose -p app -f "$1/compose.yaml" logs web | grep 'GET / '
docker-compose -p app -f "$1/compose.yaml" up -d --scale user=2
docker-compose -p app -f "$1/compose.yaml" ps -q user | wc -l | grep 2
docker-compose -p app -f "$1/compose.yaml" down -v
