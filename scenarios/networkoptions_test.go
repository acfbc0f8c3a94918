package scenarios

import "testing"

// What networks of a swarm are asked for has its effect.
func TestOptionsOfASwarmsNetworks(t *testing.T) {
	const options = "docker network inspect -f '{{index .Options \"com.docker.network.driver.overlay.vxlanid_list\"}}' "
	says(t, "29", []saying{
		{"bdc01$ docker swarm init --default-addr-pool 10.20.0.0/16", nil},
		{"bdc01$ docker network create -d overlay -o com.docker.network.driver.overlay.vxlanid_list=5000 own; " + options + "own; docker network create -d overlay next; " + options + "next", []string{`\n5000\n.*\n[0-9]{4}\n`}},
		{"bdc01$ docker network create -d overlay -o com.docker.network.driver.overlay.vxlanid_list=5000 twice; journalctl -u docker | tail -n 1", []string{"Failed allocation for network .*could not assign vxlan id 5000"}},
		{"bdc01$ docker network create -d overlay -o com.docker.network.driver.overlay.vxlanid_list=x bad; journalctl -u docker | tail -n 1", []string{`invalid vxlan id value .*x.* passed`}},
		{"bdc01$ docker service create -d -q --no-resolve-image --name web --network name=next,driver-opt=com.docker.network.endpoint.ifname=foo0 alpine sleep 1000; sleep 6; docker exec $(docker ps -q -f name=web) ip link", []string{" foo0@"}},
		{"bdc01$ docker network create -d bridge --scope swarm local; docker service create -d -q --no-resolve-image --name in --network local alpine sleep 1000; sleep 6; docker service ps in; docker exec $(docker ps -q -f name=in) ip -o addr", []string{" Running ", "eth0 +inet 172."}},
		{"bdc01$ docker update --memory 64m --cpus 2 $(docker ps -q -f name=web)", []string{"dnetsim does not simulate --cpus: it has no effect\n.*--memory: it has no effect"}},
		{"bdc01$ docker update --restart no $(docker ps -q -f name=web)", []string{"!no effect"}},
		{"bdc01$ docker network create -d ipvlan -o parent=eth0 -o ipvlan_flag=x ip; docker network create -d ipvlan -o parent=eth0 -o ipvlan_flag=vepa ip", []string{"requested ipvlan flag 'x' is not valid, 'bridge' is the ipvlan driver default", "does not simulate ipvlan_flag=vepa"}},
	})
}
