// A small world in the page's messages, to look at the page without a server: two hosts with an overlay, as overlay-ping makes
// them, or `many(n)` hosts.
export function overlay({ cured = false } = {}) {
  const nodes = [], ifaces = [], links = []
  const node = (id, kind, name, more = {}) => nodes.push({ id, kind, name, state: 'up', idle: false, ...more })
  const iface = (node, name, kind, addrs, more = {}) => { ifaces.push({ id: more.id ?? `${node}/${name}`, node, name, kind, mac: '02:42:ac:10:00:01', addrs, up: true, carrier: true, mtu: 1500, rx: 12, tx: 14, drops: 0, ...more }) }
  const link = (kind, a, b, more = {}) => links.push({ id: `${a}-${b}`, kind, a, b, state: 'up', ...more })
  node('lan', 'lan', '10.0.0.0/24', { note: 'switch, 200 µs' })
  node('router', 'router', 'router')
  iface('router', 'eth0', 'physical', ['10.0.0.2/24'])
  link('cable', 'router/eth0', 'lan')
  node('www.baidu.com', 'site', 'www.baidu.com')
  iface('www.baidu.com', 'eth0', 'physical', ['220.181.38.150/32'])
  iface('router', 'eth1', 'physical', [])
  link('cable', 'router/eth1', 'www.baidu.com/eth0', { delay: 3000 })
  for (const [h, ip, c] of [['bdc01', 11, 'c1'], ['bdc02', 12, 'c2']]) {
    const ns = `${h}/1-cfa73afe22`, mine = h === 'bdc01'
    node(h, 'host', h, { engine: 'Docker 20.10' })
    iface(h, 'eth0', 'physical', [`10.0.0.${ip}/24`], { mac: `00:0c:29:ab:00:${ip}` })
    link('cable', `${h}/eth0`, 'lan')
    node(`${h}/docker0`, 'bridge', 'docker0', { parent: h, state: mine ? 'up' : 'down', idle: !mine })
    iface(h, 'docker0', 'bridge', ['172.17.0.1/16'], { node: `${h}/docker0`, up: true, carrier: mine })
    ifaces[ifaces.length - 1].node = `${h}/docker0`
    node(`${h}/docker_gwbridge`, 'bridge', 'docker_gwbridge', { parent: h })
    iface(`${h}/docker_gwbridge`, 'docker_gwbridge', 'bridge', ['172.18.0.1/16'], { id: `${h}/docker_gwbridge` })
    node(ns, 'namespace', '1-cfa73afe22', { parent: h })
    node(`${ns}/br0`, 'bridge', 'br0', { parent: ns })
    iface(`${ns}/br0`, 'br0', 'bridge', ['172.16.0.254/24'], { id: `${ns}/br0` })
    iface(ns, 'vxlan0', 'vxlan', [], { master: `${ns}/br0`, vni: 256 })
    iface(ns, 'veth0', 'veth', [], { master: `${ns}/br0` })
    node(`${h}/${c}`, 'container', c, { parent: h, image: 'busybox' })
    iface(`${h}/${c}`, 'eth0', 'veth', [`172.16.0.${mine ? 1 : 2}/24`], { peer: `${ns}/veth0`, mtu: 1450 })
    iface(`${h}/${c}`, 'eth1', 'veth', ['172.18.0.2/16'], { peer: `${h}/${mine ? 'veth074633c' : 'veth746eefd'}` })
    iface(h, mine ? 'veth074633c' : 'veth746eefd', 'veth', [], { master: `${h}/docker_gwbridge` })
    link('veth', `${h}/${c}/eth0`, `${ns}/veth0`)
    link('veth', `${h}/${c}/eth1`, `${h}/${mine ? 'veth074633c' : 'veth746eefd'}`)
    if (mine) {
      node(`${h}/consul`, 'container', 'consul', { parent: h, image: 'progrium/consul' })
      iface(`${h}/consul`, 'eth0', 'veth', ['172.17.0.2/16'], { peer: `${h}/veth55423c6` })
      iface(h, 'veth55423c6', 'veth', [], { master: `${h}/docker0` })
      link('veth', `${h}/consul/eth0`, `${h}/veth55423c6`)
    }
  }
  ifaces.find(i => i.id === 'bdc01/docker0').id = 'bdc01/docker0'
  link('tunnel', 'bdc01/1-cfa73afe22/vxlan0', 'bdc02/1-cfa73afe22/vxlan0')
  return {
    rev: cured ? 2 : 1, nodes, ifaces, links,
    published: [{ host: 'bdc01', address: '0.0.0.0', port: '8500', proto: 'tcp', to: 'bdc01/consul', toPort: '8500' }],
    networks: [{ id: 'cfa73afe2253aa', name: 'overlay', driver: 'overlay', subnets: ['172.16.0.0/24'], vni: 256, hosts: ['bdc01', 'bdc02'], peers: [{ host: 'bdc01', known: cured }, { host: 'bdc02', known: cured }] }],
  }
}

export function many(hosts = 40, per = 5) {
  const t = { rev: 1, nodes: [], ifaces: [], links: [], published: [], networks: [{ id: 'abcdef012345', name: 'mesh', driver: 'overlay', subnets: ['172.16.0.0/24'], vni: 4097, hosts: [] }] }
  const iface = (node, name, kind, addrs, more = {}) => t.ifaces.push({ id: `${node}/${name}`, node, name, kind, mac: '02:42:ac:10:00:01', addrs, up: true, carrier: true, mtu: 1500, rx: 0, tx: 0, drops: 0, ...more })
  for (const k of [0, 1]) t.nodes.push({ id: `lan${k}`, kind: 'lan', name: `10.0.${k}.0/24`, state: 'up', idle: false })
  t.nodes.push({ id: 'router', kind: 'router', name: 'router', state: 'up', idle: false })
  for (const k of [0, 1]) { iface('router', `eth${k}`, 'physical', [`10.0.${k}.1/24`]); t.links.push({ id: `rl${k}`, kind: 'cable', a: `router/eth${k}`, b: `lan${k}`, state: 'up' }) }
  for (let h = 1; h <= hosts; h++) {
    const id = `h${String(h).padStart(2, '0')}`, k = h > hosts / 2 ? 1 : 0
    t.nodes.push({ id, kind: 'host', name: id, state: 'up', engine: 'Docker 29', idle: h % 7 === 0 })
    iface(id, 'eth0', 'physical', [`10.0.${k}.${10 + h}/24`])
    t.links.push({ id: `${id}:eth0`, kind: 'cable', a: `${id}/eth0`, b: `lan${k}`, state: h === 5 ? 'down' : h === 8 ? 'lossy' : 'up', note: h === 8 ? '10 %' : undefined })
    const ns = `${id}/1-abcdef0123`
    t.nodes.push({ id: ns, kind: 'namespace', name: '1-abcdef0123', parent: id, state: 'up', idle: false }, { id: `${ns}/br0`, kind: 'bridge', name: 'br0', parent: ns, state: 'up', idle: false }, { id: `${id}/docker_gwbridge`, kind: 'bridge', name: 'docker_gwbridge', parent: id, state: 'up', idle: false })
    iface(`${ns}/br0`, 'br0', 'bridge', ['172.16.0.1/24']); t.ifaces.at(-1).id = `${ns}/br0`
    iface(ns, 'vxlan0', 'vxlan', [], { master: `${ns}/br0`, vni: 4097 })
    iface(`${id}/docker_gwbridge`, 'docker_gwbridge', 'bridge', ['172.18.0.1/16']); t.ifaces.at(-1).id = `${id}/docker_gwbridge`
    const n = 2 + (h * 7 + per) % 6
    for (let c = 1; c <= n; c++) {
      const cid = `${id}/web-${c}`
      t.nodes.push({ id: cid, kind: 'container', name: `web-${c}`, parent: id, state: c === 6 ? 'exited' : 'up', image: 'nginx', idle: c > 3 })
      if (c === 6) continue
      iface(cid, 'eth0', 'veth', [`172.16.0.${h * 6 + c}/24`], { peer: `${ns}/veth${c}` }); iface(ns, `veth${c}`, 'veth', [], { master: `${ns}/br0` })
      iface(cid, 'eth1', 'veth', [`172.18.0.${c + 1}/16`], { peer: `${id}/veth1a2b${c}` }); iface(id, `veth1a2b${c}`, 'veth', [], { master: `${id}/docker_gwbridge` })
      t.links.push({ id: `${cid}-0`, kind: 'veth', a: `${cid}/eth0`, b: `${ns}/veth${c}`, state: 'up' }, { id: `${cid}-1`, kind: 'veth', a: `${cid}/eth1`, b: `${id}/veth1a2b${c}`, state: 'up' })
    }
  }
  return t
}

const us = s => Math.round(s * 1e6)
const hexPing = '000c29ab0012000c29ab001108004500' + '00868f6900004011d6e70a00000b0a00' + '000cb03612b50072bb5e080000000001' + '00000242ac1000020242ac1000010800' + '4500005448d940004001' + '99acac100001ac1000020800f7fa0005' + '0000' + '0000000000' + '00'.repeat(51)

export function recording() {
  const broken = overlay(), cured = overlay({ cured: true })
  const ns1 = 'bdc01/1-cfa73afe22', ns2 = 'bdc02/1-cfa73afe22'
  const packets = [], details = {}
  const row = (packet, time, place, src, dst, proto, info, fate, why, hops, more = {}) => {
    packets.push({ packet, time: us(time), place, src, dst, proto, length: 98, info, fate, why, where: hops.at(-1)?.[1], hops: hops.length, ...more })
    details[packet] = {
      row: packets.at(-1), hops: hops.map(([t, p, verb, w, extra]) => ({ at: us(t), place: p, verb, why: w, packet, info, ...extra })),
      frames: [{ hop: 0, bytes: hexPing.slice(100), layers: [
        { name: 'Ethernet II', from: 0, to: 14, fields: [{ name: 'Destination', value: '02:42:ac:10:00:02', from: 0, to: 6 }, { name: 'Source', value: '02:42:ac:10:00:01', from: 6, to: 12 }] },
        { name: 'IPv4', from: 14, to: 34, fields: [{ name: 'Total length', value: '84', from: 16, to: 18 }, { name: 'Time to live', value: '64', from: 22, to: 23 }, { name: 'Source', value: '172.16.0.1', from: 26, to: 30 }, { name: 'Destination', value: '172.16.0.2', from: 30, to: 34 }] },
        { name: 'ICMP echo request', from: 34, to: 98, fields: [{ name: 'Type', value: '8, echo request', from: 34, to: 35 }, { name: 'Identifier', value: '5', from: 38, to: 40 }, { name: 'Sequence', value: '0', from: 40, to: 42 }] }] }],
    }
  }
  row(2397, 45.596300, 'bdc01/c1/eth1', '172.18.0.2', '220.181.38.150', 'ICMP', 'Echo request id=2 seq=0', 'delivered', '', [
    [45.5963, 'bdc01/c1/eth1', 'send'], [45.59632, 'bdc01/veth074633c', 'receive'], [45.59632, 'bdc01/docker_gwbridge', 'receive'],
    [45.59634, 'bdc01/eth0', 'rewrite', 'MASQUERADE', { rule: { table: 'nat', chain: 'POSTROUTING', number: 1, text: '-s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE' }, changed: [{ field: 'Source', before: '172.18.0.2', after: '10.0.0.11' }, { field: 'Time to live', before: '64', after: '63' }] }],
    [45.59634, 'bdc01/eth0', 'send'], [45.59674, 'router/eth0', 'receive'], [45.5997, 'www.baidu.com/eth0', 'deliver']])
  for (const [i, t] of [[2429, 46.663160], [2434, 47.669611], [2439, 48.693611]]) row(i, t, 'bdc01/c1/eth0', '02:42:ac:10:00:01', 'ff:ff:ff:ff:ff:ff', 'ARP', 'ARP, Request who-has 172.16.0.2 tell 172.16.0.1, length 28', 'dropped', 'l3-miss', [
    [t, 'bdc01/c1/eth0', 'send'], [t + 2e-5, ns1 + '/veth0', 'receive'], [t + 2e-5, ns1 + '/vxlan0', 'send'], [t + 2e-5, ns1 + '/vxlan0', 'drop', 'l3-miss']])
  row(2441, 49.717611, 'bdc01/c1/eth0', '172.16.0.1', '172.16.0.2', 'ICMP', 'Echo request id=2 seq=0', 'dropped', 'host-unreachable', [[46.66316, 'bdc01/c1/eth0', 'queue'], [49.717611, 'bdc01/c1/eth0', 'drop', 'host-unreachable']])
  row(4250, 72.024450, 'bdc01/c1/eth0', '172.16.0.1', '172.16.0.2', 'ICMP', 'Echo request id=5 seq=0', 'delivered', '', [
    [72.02445, 'bdc01/c1/eth0', 'send'], [72.02447, ns1 + '/veth0', 'receive'], [72.02447, ns1 + '/vxlan0', 'send'],
    [72.02447, ns1 + '/vxlan0', 'encapsulate', '', { packet: 4251, parent: 4250, info: 'VXLAN[ICMP echo request]' }], [72.02448, 'bdc01/eth0', 'send', '', { packet: 4251, info: 'VXLAN[ICMP echo request]' }], [72.02488, 'bdc02/eth0', 'receive', '', { packet: 4251, info: 'VXLAN[ICMP echo request]' }],
    [72.02488, ns2 + '/vxlan0', 'decapsulate'], [72.02489, ns2 + '/veth0', 'send'], [72.0249, 'bdc02/c2/eth0', 'deliver']])
  details[4250].frames.push({ hop: 4, bytes: hexPing, layers: [
    { name: 'Ethernet II', from: 0, to: 14, added: 'added by vxlan0', fields: [{ name: 'Destination', value: '00:0c:29:ab:00:12', from: 0, to: 6 }, { name: 'Source', value: '00:0c:29:ab:00:11', from: 6, to: 12 }] },
    { name: 'IPv4', from: 14, to: 34, added: 'added by vxlan0', fields: [{ name: 'Total length', value: '134', from: 16, to: 18 }, { name: 'Time to live', value: '64', from: 22, to: 23 }, { name: 'Protocol', value: '17 (UDP)', from: 23, to: 24 }, { name: 'Source', value: '10.0.0.11', from: 26, to: 30 }, { name: 'Destination', value: '10.0.0.12', from: 30, to: 34 }] },
    { name: 'UDP', from: 34, to: 42, added: 'added by vxlan0', fields: [{ name: 'Source port', value: '45110', from: 34, to: 36 }, { name: 'Destination port', value: '4789', from: 36, to: 38 }, { name: 'Checksum', value: '0xbb5e', from: 40, to: 42 }] },
    { name: 'VXLAN', from: 42, to: 50, added: 'added by vxlan0', fields: [{ name: 'Flags', value: '0x08, the VNI is valid', from: 42, to: 43 }, { name: 'VNI', value: '256', from: 46, to: 49 }] },
    ...details[4250].frames[0].layers.map(l => ({ ...l, from: l.from + 50, to: l.to + 50, fields: l.fields.map(f => ({ ...f, from: f.from + 50, to: f.to + 50 })) }))] })
  row(4308, 73.055593, 'bdc02/c2/eth0', '172.16.0.2', '172.16.0.1', 'ICMP', 'Echo reply id=5 seq=0', 'delivered', '', [[73.055593, 'bdc02/c2/eth0', 'send'], [73.055613, ns2 + '/vxlan0', 'encapsulate', '', { info: 'VXLAN[ICMP echo reply]' }], [73.055633, 'bdc02/eth0', 'send', '', { info: 'VXLAN[ICMP echo reply]' }], [73.055833, 'bdc01/eth0', 'receive', '', { info: 'VXLAN[ICMP echo reply]' }], [73.055853, ns1 + '/vxlan0', 'decapsulate'], [73.055993, 'bdc01/c1/eth0', 'deliver']])
  for (let i = 0; i < 60; i++) row(5000 + i, 73.1 + i * .03, 'bdc01/eth0', '10.0.0.11.8500', '10.0.0.12.41200', 'TCP', `Flags [P.], seq ${i}, ack 1, win 502, length 120`, 'delivered', '', [[73.1 + i * .03, 'bdc01/eth0', 'send'], [73.1004 + i * .03, 'bdc02/eth0', 'receive'], [73.1004 + i * .03, 'bdc02', 'deliver']])
  const out = (at, term, data) => ({ at: us(at), m: { t: 'out', term, data } })
  const P1 = '/ # ', P2 = '[root@bdc02 ~]# '
  const tasks = (done) => ({ t: 'tasks', points: 5, of: 6, done, checkpoints: [{ name: 'start', at: us(43) }, { name: 'after the cause', at: us(60) }], tasks: [
    ['See it fail', 46.66], ['Find where the packet dies', 48.69], ['Name what bdc02 never said', 49.72], ['Let bdc02 advertise its own address', 68.64],
    ['Prove it: each container reaches the other', 0, '<p>Ping <code>c2</code> from <code>c1</code>, then <code>c1</code> from <code>c2</code>. Step the first packet hop by hop and watch where the second header comes on.</p>'], ['Which number does the tunnel carry?', 0],
  ].map(([title, doneAt, text], i) => ({ id: 't' + i, title, text: text ?? '', state: i < done ? 'done' : i === done ? 'doing' : 'locked', points: 1, doneAt: i < done ? us(doneAt) : undefined, ask: i === 5 ? 'VNI' : undefined, parts: i === 4 ? [{ text: 'c1 → c2 on its way', state: 'doing' }, { text: 'c2 → c1 not tried', state: 'todo' }] : [], hints: i === 4 && done === 4 ? [{ text: 'The first reply will take about a second: c2 has to ask who has 172.16.0.1, and bdc02 does not know yet.', kind: 'world', cost: 1 }] : [], nextHint: { cost: 1 } })) })
  const terms = [[1, 'bdc01'], [2, 'bdc01/c1'], [3, 'bdc01/consul'], [4, 'bdc02'], [5, 'bdc02/c2']].map(([term, place]) => ({ term, place, ended: false }))
  const steps = [
    { at: us(43), m: { t: 'hello', lab: { name: 'ping-fails', title: 'The ping that fails', minutes: 25, level: 4, story: '<p>Somebody followed a tutorial to the letter.</p>', langs: ['en', 'zh'] }, scenario: 'overlay-ping', places: ['bdc01', 'bdc02'], teacher: false, learner: 'chen-wei' } },
    { at: us(43), m: { t: 'terms', list: terms } }, { at: us(43), m: { t: 'topo', topo: broken } }, { at: us(43), m: tasks(0) },
    { at: us(43), m: { t: 'bar', from: us(43), to: us(76), density: Array.from({ length: 33 }, (_, i) => [9, 12, 8, 4, 0, 0, 2, 4, 0, 3, 5, 0, 0, 0, 0, 0, 0, 5, 0, 0, 6, 0, 0, 0, 10, 13, 4, 0, 3, 6, 7, 0, 0][i]), drops: [46.66, 47.67, 48.69, 49.72].map(us), marks: [{ at: us(45), text: 'ping baidu', kind: 'command' }, { at: us(48.4), text: 'ping c2: 4 drops', kind: 'command' }, { at: us(63), text: 'docker restarts on bdc02', kind: 'command' }, { at: us(45.6), text: 'start', kind: 'checkpoint' }, { at: us(63), text: 'cause', kind: 'checkpoint' }, { at: us(68.6), text: 'cured', kind: 'checkpoint' }] } },
    out(43, 1, '[root@bdc01 ~]# '), out(43, 3, '/ # '), out(43, 2, P1), out(43, 4, P2), out(43, 5, '/ # '),
    out(46.66, 2, '\x1b[1mping -c 2 172.16.0.2\x1b[0m\r\nPING 172.16.0.2 (172.16.0.2): 56 data bytes\r\n'), { at: us(46.7), m: tasks(1) },
    out(49.72, 2, '\r\n--- 172.16.0.2 ping statistics ---\r\n2 packets transmitted, 0 packets received, 100% packet loss\r\n' + P1 + '\x1b[1marp -n\x1b[0m\r\n? (172.18.0.1) at 02:42:c1:3b:c7:08 [ether]  on eth1\r\n? (172.16.0.2) at <incomplete>  on eth0\r\n' + P1), { at: us(49.8), m: tasks(3) },
    out(60, 4, "\x1b[1msed -i 's/10.0.0.11:2376/10.0.0.12:2376/' /etc/docker/daemon.json\x1b[0m\r\n" + P2 + '\x1b[1msystemctl restart docker\x1b[0m\r\n'),
    out(68, 4, P2 + '\x1b[1mdocker start c2\x1b[0m\r\nc2\r\n' + P2 + '\x1b[1mcurl -s http://10.0.0.11:8500/v1/kv/docker/nodes/?keys\x1b[0m\r\n["docker/nodes/10.0.0.11:2376","docker/nodes/10.0.0.12:2376"]\r\n' + P2),
    { at: us(68.6), m: { t: 'topo', topo: cured } }, { at: us(68.7), m: tasks(4) },
    out(72.02, 2, '\x1b[1mping -c 2 172.16.0.2\x1b[0m\r\nPING 172.16.0.2 (172.16.0.2): 56 data bytes\r\n'), out(73.06, 2, '64 bytes from 172.16.0.2: seq=0 ttl=64 time=1031.543 ms\r\n'),
  ]
  const table = (title, kind, command, head, rows) => ({ title, kind, command, head, rows: rows.map(r => typeof r === 'string' ? { text: r, changed: 'no' } : r) })
  const tables = [{ at: us(43), node: ns1, tables: [
    table('Neighbours', 'neighbours', 'ip neigh', '', [{ text: '172.16.0.2 dev vxlan0 lladdr 02:42:ac:10:00:02 PERMANENT', changed: 'new' }]),
    table('Forwarding (FDB)', 'fdb', 'bridge fdb show dev vxlan0', '', [{ text: '02:42:ac:10:00:02 dev vxlan0 dst 10.0.0.12 link-netnsid 0 self permanent', changed: 'new' }, '02:42:ac:10:00:02 dev vxlan0 master br0', 'be:26:03:27:69:2d dev vxlan0 master br0 permanent'])] },
  { at: us(43), node: 'bdc01', tables: [
    table('Routes', 'routes', 'ip route', '', ['default via 10.0.0.2 dev eth0 ', '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 ', '172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 ', '172.18.0.0/16 dev docker_gwbridge proto kernel scope link src 172.18.0.1 ']),
    table('Store keys', 'store', 'curl -s http://10.0.0.11:8500/v1/kv/docker/nodes/?keys', '', ['docker/nodes/10.0.0.11:2376', { text: 'docker/nodes/10.0.0.12:2376', changed: 'new' }]),
    table('iptables, filter FORWARD', 'iptables', 'iptables -nvL FORWARD', ' pkts bytes target     prot opt in     out     source               destination', [{ text: '  414 97498 DOCKER-USER  all  --  *      *       0.0.0.0/0            0.0.0.0/0', changed: 'changed', delta: '+301' }, '    4   356 ACCEPT     all  --  *      docker_gwbridge  0.0.0.0/0            0.0.0.0/0            ctstate RELATED,ESTABLISHED', '    0     0 DROP       all  --  docker_gwbridge docker_gwbridge  0.0.0.0/0            0.0.0.0/0'])] }]
  const d = details[2429]
  const explained = [{ from: '', to: '', port: '', at: us(50), data: {
    works: false, verdict: 'unresolved', sentence: 'bdc02 advertises 10.0.0.11, which is the address of bdc01: the cluster knows one node where there are two, and nobody learns which containers bdc02 has.', text: 'bdc01/c1 → c2 (172.16.0.2), ICMP: unresolved\n…',
    path: d.hops, cures: [{ code: 'OVERLAY-ADVERTISE-SHARED', proved: true, lines: [{ place: 'bdc02', line: "sed -i 's/10.0.0.11:2376/10.0.0.12:2376/' /etc/docker/daemon.json" }, { place: 'bdc02', line: 'systemctl restart docker' }, { place: 'bdc02', line: 'docker start c2' }] }],
    report: { causes: [{ code: 'OVERLAY-ADVERTISE-SHARED', evidence: [{ place: 'bdc01/c1', command: 'arp -n', shows: '172.16.0.2 at <incomplete> on eth0', says: 'c1 asked for 172.16.0.2 and nobody answered' }, { place: 'bdc02', command: "curl -s 'http://10.0.0.11:8500/v1/kv/docker/nodes/?keys'", shows: '["docker/nodes/10.0.0.11:2376"]', says: 'the addresses under which engines are known in the store' }], cure: { says: "the engine's restart ends its containers; they are started again" }, proof: { heals_also: ['bdc02/c2 → bdc01/c1'] } }], ruled_out: ['the store has the network’s keys', 'no rule counted this flow', 'UDP 4789 is open on both hosts'] },
  } }]
  return { v: 1, scenario: 'overlay-ping', from: us(43), to: us(76), steps, packets, details, tables, explained }
}

export function crowd() {
  const topo = many()
  return { v: 1, scenario: 'swarm-200', from: 0, to: us(10), steps: [{ at: 0, m: { t: 'hello', lab: null, scenario: 'swarm-200', places: ['h01', 'h02'], teacher: false, learner: '' } }, { at: 0, m: { t: 'topo', topo } }, { at: 0, m: { t: 'terms', list: [] } }],
    packets: [{ packet: 1, time: us(1), place: 'h03/web-3/eth0', src: '172.16.0.3', dst: '172.16.0.131', proto: 'ICMP', length: 98, info: 'Echo request', fate: 'delivered', hops: 4 }],
    details: { 1: { row: { packet: 1, time: us(1), place: 'h03/web-3/eth0', src: '172.16.0.3', dst: '172.16.0.131', proto: 'ICMP', length: 98, info: 'Echo request', fate: 'dropped', why: 'l3-miss', hops: 4 }, hops: [['h03/web-3/eth0', 'send'], ['h03/1-abcdef0123/vxlan0', 'encapsulate'], ['h03/eth0', 'send'], ['router/eth0', 'receive'], ['h27/eth0', 'receive'], ['h27/1-abcdef0123/vxlan0', 'drop', 'l3-miss']].map(([place, verb, why], i) => ({ at: us(1) + i * 20, place, verb, why, packet: 1, info: 'VXLAN[ICMP echo request]' })), frames: [] } }, tables: [], explained: [] }
}
