// The two-network application by dockerode.
const assert = require('assert');
const Docker = require('dockerode');

const d = new Docker({socketPath: process.env.DOCKER_HOST.replace('unix://', '')});

// exec returns what a command prints, and its exit code.
async function exec(container, ...cmd) {
  const e = await container.exec({Cmd: cmd, AttachStdout: true, AttachStderr: true});
  const stream = await e.start({});
  let out = '';
  const sink = {write: b => { out += b; }};
  d.modem.demuxStream(stream, sink, sink);
  await new Promise(done => stream.on('end', done));
  return {out, code: (await e.inspect()).ExitCode};
}

(async () => {
  const front = await d.createNetwork({Name: 'front'});
  const back = await d.createNetwork({Name: 'back', IPAM: {Config: [{Subnet: '172.31.5.0/24'}]}});
  const web = await d.createContainer({name: 'web', Image: 'nginx', HostConfig: {NetworkMode: 'front'}});
  const user = await d.createContainer({name: 'user', Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: {NetworkMode: 'front'}});
  await web.start();
  await user.start();
  const got = await exec(user, 'wget', '-qO-', 'http://web');
  assert.ok(got.code === 0 && got.out.includes('Welcome to nginx'), JSON.stringify(got));
  assert.ok((await web.logs({stdout: true, stderr: true})).toString().includes('GET / '));
  assert.strictEqual((await web.inspect()).NetworkSettings.Networks.front.NetworkID, front.id);
  assert.strictEqual(Object.keys((await front.inspect()).Containers).length, 2);
  await back.connect({Container: web.id, EndpointConfig: {IPAMConfig: {IPv4Address: '172.31.5.9'}}});
  assert.ok((await exec(web, 'ip', 'addr')).out.includes('172.31.5.9/24'));
  await front.disconnect({Container: web.id});
  assert.notStrictEqual((await exec(user, 'wget', '-T', '2', '-qO-', 'http://web')).code, 0);
  for (const c of [web, user]) await c.remove({force: true});
  for (const n of [front, back]) await n.remove();
  assert.strictEqual((await d.listNetworks({filters: {type: ['custom']}})).length, 0);
})().catch(e => { console.error(e); process.exit(1); });
