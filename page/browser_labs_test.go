package page

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"dnetsim/labs"

	"github.com/chromedp/chromedp/kb"
)

// A learner sees a ping fail, stops time, steps to where the question dies, looks at
// packets and tables, has the failure explained, lets the page type the cure, and comes
// back after a reload.
func TestInABrowserAPingIsFollowedExplainedAndCured(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{Open: "overlay-ping"})
	b := s.visit(t, s.Links().Owner)
	b.sees(".tabs [role=tab]", "bdc02")
	b.sees("svg.net .thing", "vxlan0")
	if text := b.types("bdc01", "docker exec c1 ping -c 1 -W 1 c2"); !strings.Contains(text, "100% packet loss") {
		t.Errorf("the ping does not fail:\n%s", text)
	}
	b.at("bdc01")
	b.press("docker exec c1 ping -c 9 c2")
	b.press(kb.Enter)
	b.leave()
	const clock, tag = "document.querySelector('.clock b').textContent", "document.querySelector('.map .ph .tag')?.textContent ?? ''"
	b.press("d") // to the next drop: time stands
	b.until("something has died", "("+tag+").includes('died on bdc01: ') && document.querySelector('.clock').textContent.includes('paused')")
	for range 9 { // what waited for an answer to the first ping may be given up first
		if strings.Contains(b.read(tag), "l3-miss") {
			break
		}
		before := b.read(clock)
		b.press("d")
		b.until("time has gone on", fmt.Sprintf("%s > %q && document.querySelector('.clock').textContent.includes('paused')", clock, before))
	}
	b.sees(".map .ph .tag", "died on bdc01: l3-miss")
	b.sees(".call.r", "who has 172.16.0.2?")
	at := b.read(clock)
	b.press("b") // back: by replay
	b.until("time has gone back", fmt.Sprintf(clock+" < %q && document.querySelector('.clock').textContent.includes('paused')", at))
	b.until("the terminals are as they were", find(".tabs [role=tab]", "bdc01"))
	b.press(".")
	b.sees(".clock", "hop ")
	b.readable()
	b.gallery("network")

	b.press("2")
	b.until("packets are listed", "document.querySelectorAll('.plist tbody tr').length > 3")
	filter := func(text string) {
		b.write(".find", text)
		b.press(kb.Enter)
	}
	filter("arp and host 172.16.0.2")
	b.until("only questions are listed", "(r => r.length > 0 && r.every(e => e.cells[5].textContent === 'ARP'))([...document.querySelectorAll('.plist tbody tr:not(.fill)')])")
	b.clickUntil(".plist tbody tr.x", "l3-miss", find(".side .strip button", "ARP"))
	b.sees(".side pre.hex", "ff ff ff ff ff ff")
	b.until("its path is lit", "document.querySelector('.map svg .lit')")
	b.gallery("packets")
	filter("arp nor nonsense (")
	b.until("a wrong filter says so", "document.querySelector('.filtererr')?.textContent.length > 10")
	filter("")

	b.leave()
	b.focus("svg.net")
	b.press("3")
	b.click("[role=treeitem]", "1-cfa73afe22")
	b.sees(".tbl h3", "Forwarding tables")
	b.click("[role=treeitem]", "bdc01")
	b.sees(".tbl .chains", "DOCKER-ISOLATION-STAGE-1")
	b.gallery("tables")

	b.press("4")
	b.write(".askf input[list]", "c2")
	b.choose(".askf select", "bdc01/c1")
	b.click(".askf .btn", "Ask")
	b.sees(".verdict", "OVERLAY-ADVERTISE-SHARED")
	b.sees(".call.r", "l3-miss")
	b.sees(".cure", "proved in a copy of this world")
	b.gallery("explain")
	b.click(".cure .btn", "Type it on bdc02")
	b.sees(".tabs [role=tab][aria-selected=true]", "bdc02")
	b.click(".ctl .main", "")
	for range 3 {
		b.click(".speed button", "+")
	}
	b.until("the cure was typed and has run", "document.body.innerText.includes('docker start c2')")

	b.press("2")
	filter("arp") // the list grows while time runs fast, and can be used all the same
	b.until("only ARP is listed", "(r => r.length > 0 && r.every(e => e.cells[5].textContent === 'ARP'))([...document.querySelectorAll('.plist tbody tr:not(.fill)')])")
	path := "document.querySelector('.v-packets .map h2').textContent"
	was := b.read(path) // of what was lost, which may be far up by now
	b.clickUntil(".plist tbody tr:nth-last-child(3)", "ARP", path+" !== "+quoted(was)+" && "+find(".side .strip button", "ARP"))
	b.reload()
	b.until("view, filter and packet are the same after a reload", "document.querySelector('.v-packets .plist tr.s') && document.querySelector('.find').value === 'arp' && document.querySelector('.side .strip')")
	b.leave()
	b.click(".views a", "Network")
	b.until("the terminals are back with what they showed", find(".xterm-rows", "docker start c2"))
	for try := 1; ; try++ { // the engines need their time to know each other, which is virtual
		text := b.types("bdc01", "docker exec c1 ping -c 2 c2")
		if strings.Contains(text, "2 packets transmitted, 2 packets received") {
			break
		}
		if try == 20 {
			t.Fatalf("the ping still fails:\n%s", text)
		}
	}
	b.until("the drawing has the network whole", "document.querySelectorAll('svg.net .band').length === 1 && !document.querySelector('svg.net').textContent.includes('no peer row')")
	b.gallery("cured")
}

// lab opens a lab for the first time and begins it.
func lab(t *testing.T, name, lang string) *tab {
	l, err := labs.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Options{Labs: []*labs.Lab{l}, Open: name})
	b := s.visit(t, s.Links().Owner+"&lang="+lang)
	b.sees("#begin", "")
	if lang == "zh" && b.read("document.documentElement.lang") != "zh-CN" {
		b.click(".bar .btn", "中文")
		b.sees("#begin", "开始")
	}
	b.gallery("start-" + lang)
	b.click("#begin", "")
	b.sees(".tabs [role=tab]", "bdc02")
	return b
}

// answer writes into the current task's field and presses Check.
func (b *tab) answer(task, text string) {
	b.t.Helper()
	b.sees(".task.now h3", task)
	b.write(".task.now .ans .field", text)
	b.press(kb.Enter)
	b.sees(".task.done h3", task)
}

// match is the last match of a pattern's group in a text.
func (b *tab) match(pattern, text string) string {
	b.t.Helper()
	all := regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1)
	if all == nil {
		b.t.Fatalf("there is no %s in\n%s", pattern, text)
	}
	return all[len(all)-1][1]
}

func TestInABrowserTheFourModesAreSolved(t *testing.T) {
	t.Parallel()
	b := lab(t, "four-modes", "en")
	codes := strings.Fields(b.read("[...document.querySelectorAll('.task.now .story code')].map(e => e.textContent).filter(t => /^[a-z]+$/.test(t)).join(' ')"))
	if len(codes) < 3 {
		t.Fatalf("the task names %q", codes)
	}
	one, other := codes[1], codes[2]
	b.types("bdc01", "docker run -itd --name "+one+" busybox")
	b.types("bdc01", "docker run -itd --name "+other+" busybox")
	b.sees(".task.done h3", "bridge: two containers on docker0")
	text := b.types("bdc01", "docker exec "+other+" ip addr show eth0")
	b.answer("Who gave the address?", b.match(`inet (172\.17\.[0-9.]+)`, text))
	b.sees(".task.now h3", "host: no stack of its own")
	port := b.match(`httpd -f -p (\d+)`, b.read("document.querySelector('.task.now .story').textContent"))
	b.types("bdc01", "docker run -d --name gate --network host busybox httpd -f -p "+port)
	b.sees(".task.done h3", "host: no stack of its own")
	b.types("bdc01", "docker run -itd --name twin --network container:"+one+" busybox")
	text = b.types("bdc01", "docker exec twin ip link show eth0")
	b.answer("container: somebody else's stack", b.match(`link/ether ([0-9a-f:]{17})`, text))
	b.types("bdc01", "docker run -itd --name hermit --network none busybox")
	b.sees(".task.done h3", "none: nothing plugged in")
	text = b.types("bdc01", "explain "+one+" bdc02/far | cat")
	b.answer("The end of a bridge", b.match(`([A-Z]+(?:-[A-Z]+)+)`, text))
	b.sees(".solved", "All solved")
	b.until("the time bar has commands where they were typed", "new Set([...document.querySelectorAll('.tlw .lb')].map(e => e.style.left)).size > 1")
	b.readable()
	b.gallery("lab")
}

// In Chinese, with the help that the page gives: the cause is what Explain names, the cure
// what it types.
func TestInABrowserThePingThatFailsIsSolvedInChinese(t *testing.T) {
	t.Parallel()
	b := lab(t, "ping-fails", "zh")
	names := strings.Fields(b.read("[...document.querySelectorAll('.task.now .story code')].map(e => e.textContent).filter(t => /^[a-z]+$/.test(t)).join(' ')"))
	if len(names) < 2 {
		t.Fatalf("the task names %q", names)
	}
	from, to := names[0], names[1] // 在 from 里 ping to
	b.types("bdc01", "docker exec "+from+" ping -c 1 -W 1 "+to)
	b.sees(".task.done h3", "先看到它失败")
	lan := b.match(`http://([0-9.]+):8500`, b.read("document.querySelector('.task.now .story').textContent"))
	text := b.types("bdc01", "curl -s 'http://"+lan+":8500/v1/kv/docker/nodes/?keys' | tr ',' '\\n' | grep -c docker/nodes")
	b.answer("集群存储知道什么", b.match(`(?m)^(\d)\s*$`, text))

	b.focus("svg.net")
	b.press("4")
	b.write(".askf input[list]", "bdc02/"+to)
	b.choose(".askf select", "bdc01/"+from)
	b.click(".askf .btn", "询问")
	b.until("a cause is named", "document.querySelector('.verdict code')")
	b.sees(".cure", "已在副本中验证")
	code := b.read("document.querySelector('.verdict code').textContent")
	b.gallery("explain-zh")
	b.focus(".side .scroll")
	b.press("1")
	b.answer("说出原因", code)
	b.focus("svg.net")
	b.press("4")
	b.click(".cure .btn.pri", "上敲")
	for range 2 {
		b.click(".speed button", "+")
	}
	b.sees(".task.done h3", "修好它")
	text = b.types("bdc01", "nsenter --net=$(ls -d /var/run/docker/netns/1-*) bridge fdb show dev vxlan0")
	b.answer("看报文怎么过去", b.match(`dst ([0-9.]+)`, text))
	b.sees(".solved", "全部完成")
	b.gallery("lab-zh")
}
