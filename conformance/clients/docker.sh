# The two-network application by docker's command line.
set -eux
docker network create front
docker network create --subnet 172.31.5.0/24 back
docker run -d --name web --network front nginx
docker run -d --name user --network front busybox sleep 1000
docker exec user wget -qO- http://web | grep 'Welcome to nginx'
docker logs web 2>&1 | grep 'GET / '
docker inspect -f '{{.NetworkSettings.Networks.front.IPAddress}}' web | grep '^172\.'
docker network inspect -f '{{range .Containers}}{{.Name}} {{end}}' front | grep web
docker network connect --ip 172.31.5.9 back web
docker exec web ip addr | grep 172.31.5.9/24
docker network disconnect front web
if docker exec user wget -T 2 -qO- http://web; then exit 1; fi
docker rm -f web user
docker network rm front back
test -z "$(docker network ls -q -f type=custom)"
