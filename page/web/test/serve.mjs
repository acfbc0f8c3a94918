// Serves dist/ with the fixture as a recording, under the policy that the real server sends: node test/serve.mjs [port].
// /?r=overlay (default) or /?r=crowd; the other addresses answer the lists.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { join, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { recording, crowd } from './fixture.mjs'

const dist = join(dirname(fileURLToPath(import.meta.url)), '../dist')
const kinds = { js: 'text/javascript', css: 'text/css', html: 'text/html; charset=utf-8', txt: 'text/plain; charset=utf-8' }
const lab = (name, en, zh, group, minutes, level, state, done, of) => ({ name, title: { en, zh }, summary: { en: 'Read the rules, predict which pings pass, and prove it.', zh: '读懂规则，预测哪些 ping 能通，并加以验证。' }, group, minutes, level, langs: ['en', 'zh'], state, done, of, at: 72024470 })
const one = { en: 'One host', zh: '一台主机' }, two = { en: 'Between hosts', zh: '主机之间' }, bad = { en: 'Broken on purpose', zh: '故意弄坏的' }
const labs = [lab('local-modes', 'Four local modes', '四种本地网络模式', one, 15, 1, 'done', 5, 5), lab('published-ports', 'Published ports: who can reach them', '发布的端口：谁能访问', one, 15, 1, 'done', 5, 5), lab('names', 'Names on user-defined networks', '自定义网络上的名字', one, 10, 1, 'done', 4, 4), lab('isolation', 'Isolation between networks', '网络之间的隔离', one, 15, 2, 'done', 6, 6), lab('pools', 'Address pools and clashes', '地址池与冲突', one, 15, 2, 'doing', 3, 6), lab('mtu', 'The MTU black hole', 'MTU 黑洞', one, 20, 3, 'new', 0, 5), lab('macvlan', 'macvlan and its limits', 'macvlan 与它的限制', two, 20, 3, 'new', 0, 5), lab('overlay-planes', 'The overlay and its four planes', 'overlay 的四个平面', two, 25, 3, 'done', 5, 5), lab('ping-fails', 'The ping that fails', 'ping 不通的两个容器', two, 25, 4, 'doing', 4, 6), lab('firewall', 'A firewall in the way', '拦路的防火墙', bad, 20, 4, 'new', 0, 5), lab('stale', 'Stale entries after a crash', '崩溃之后的残留表项', bad, 25, 5, 'new', 0, 5), lab('compose', 'A Compose application with a broken network', '网络坏了的 Compose 应用', bad, 30, 5, 'new', 0, 6)]
const learner = (name, state, task, done, since, hints, line, more = {}) => ({ learner: name.toLowerCase().replace(' ', '-'), name, state, task, done, of: 6, since, hints, line, ...more })
const klass = { title: 'Class 2026-B, The ping that fails', tasks: ['See it fail', 'Where it dies', 'What is unsaid', 'Cure', 'Proof', 'Which VNI'].map((title, i) => ({ id: 't' + i, title })), awake: 21, memory: 410e6, learners: [learner('Chen Wei', 'stuck', 't2', 2, 660, 2, 'bdc01$ iptables -F', { says: 'Looking in the wrong place. The evidence is on screen (one node in the store, should be two), and the last command flushed rules that never counted a packet.', cause: 'OVERLAY-ADVERTISE-SHARED', memory: 18e6 }), learner('Fatima Haddad', 'stuck', 't1', 1, 540, 2, 'c1$ ping 172.16.0.2'), learner('Wang Fang', 'dead', 't3', 3, 360, 2, 'bdc01$ docker network rm overlay'), learner('Li Na', 'work', 't3', 3, 120, 1, 'bdc02$ cat /etc/docker/daemon.json'), learner('Amara Okafor', 'work', 't4', 4, 60, 0, 'c1$ ping -c 2 172.16.0.2'), learner('Sun Qi', 'done', '', 6, 0, 0, ''), learner('Hana Sato', 'done', '', 6, 0, 1, ''), learner('Ivan Petrov', 'asleep', 't2', 2, 1440, 0, ''), learner('Noa Levi', 'off', 't0', 0, 0, 0, 'has not opened the link')] }

createServer((q, a) => {
  const url = new URL(q.url, 'http://x')
  a.setHeader('Content-Security-Policy', "default-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
  const json = v => { a.setHeader('Content-Type', 'application/json'); a.end(JSON.stringify(v)) }
  if (url.pathname === '/api/labs') return json({ labs })
  if (url.pathname === '/api/class') return json(klass)
  const file = ['/', '/teacher', '/labs'].includes(url.pathname) ? 'index.html' : url.pathname.slice(1)
  try {
    let body = readFileSync(join(dist, file))
    if (url.pathname === '/') body = String(body).replace('</body>', `<script type="application/json" id="recording">${JSON.stringify(url.searchParams.get('r') === 'crowd' ? crowd() : recording()).replace(/</g, '\\u003c')}</script></body>`)
    a.setHeader('Content-Type', kinds[file.split('.').pop()] ?? 'application/octet-stream')
    a.end(body)
  } catch { a.statusCode = 404; a.end('not found') }
}).listen(+(process.argv[2] ?? 8123), '127.0.0.1')
