# The two-network application by docker-py.
import docker

d = docker.from_env()
front = d.networks.create("front")
back = d.networks.create("back", ipam=docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet="172.31.5.0/24")]))
web = d.containers.run("nginx", name="web", network="front", detach=True)
user = d.containers.run("busybox", "sleep 1000", name="user", network="front", detach=True)
code, out = user.exec_run("wget -qO- http://web")
assert code == 0 and b"Welcome to nginx" in out, (code, out)
assert b"GET / " in web.logs(), web.logs()
web.reload()
assert web.status == "running" and web.attrs["NetworkSettings"]["Networks"]["front"]["NetworkID"] == front.id, web.attrs
front.reload()
assert {c.name for c in front.containers} == {"web", "user"}, front.attrs
back.connect(web, ipv4_address="172.31.5.9")
code, out = web.exec_run("ip addr")
assert b"172.31.5.9/24" in out, out
front.disconnect(web)
assert user.exec_run("wget -T 2 -qO- http://web")[0] != 0
assert d.containers.run("busybox", "echo once", remove=True) == b"once\n"
for c in web, user:
    c.remove(force=True)
for n in front, back:
    n.remove()
assert not d.networks.list(filters={"type": "custom"})
