package page

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/scenarios"

	"github.com/chromedp/chromedp/kb"
)

// A teacher sees who has come and how far, looks at a learner's terminal, says a word to
// them, and gets the results; the learner reads the word and goes on.
func TestInABrowserATeacherWatchesAndSaysAWord(t *testing.T) {
	t.Parallel()
	s, st := teach(t, filepath.Join(t.TempDir(), "class.db"))
	defer st.Close()
	ann := s.visit(t, s.Links().Learners)
	ann.write("form input", "Ann")
	ann.press(kb.Enter)
	ann.click("a.btn, button.btn", "To the labs")
	ann.click("main a", "The ping that fails")
	ann.click("#begin", "")
	ann.sees(".tabs [role=tab]", "bdc01")
	ann.types("bdc01", "docker network ls")

	b := s.visit(t, s.Links().Teacher)
	b.sees("tbody tr", "docker network ls")
	b.click("tbody tr button", "Ann")
	b.sees(".side .xterm-rows", "docker network ls")
	b.gallery("classroom")
	b.write(".say input", "look at the store first")
	b.press(kb.Enter)
	ann.until("the word arrives", "document.body.innerText.includes('look at the store first')")
	b.run("fetch('/results.csv').then(r => r.text()).then(text => { window.results = text })")
	b.until("the results name the learner", "window.results && window.results.includes('Ann')")
	ann.types("bdc01", "docker ps")
}

// A recording is opened from a disk, without a server: the run is stepped through, its
// packets and tables are looked at, and what failed is explained.
func TestInABrowserARecordingIsLookedAt(t *testing.T) {
	t.Parallel()
	scenario, err := scenarios.FromLibrary("overlay-ping")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay-ping.html")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := Record(f, scenario, scenarios.Options{Docker: cli.Program}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b := open(t, (&url.URL{Scheme: "file", Path: file}).String())
	b.sees("svg.net .thing", "docker0")
	b.focus("svg.net")
	for b.read("Boolean("+find("svg.net .thing", "vxlan0")+")") != "true" { // from drop to drop
		at := b.read("document.querySelector('.clock b').textContent")
		b.press("d")
		b.until("time has gone on", "document.querySelector('.clock b').textContent !== "+quoted(at))
	}
	b.press("d")
	b.sees(".map .ph .tag", "l3-miss")
	b.press("2")
	b.write(".find", "arp and host 172.16.0.2")
	b.press(kb.Enter)
	b.until("only questions are listed", "(r => r.length > 0 && r.every(e => e.cells[5].textContent === 'ARP'))([...document.querySelectorAll('.plist tbody tr:not(.fill)')])")
	b.clickUntil(".plist tbody tr.x", "l3-miss", find(".side .strip button", "ARP"))
	b.leave()
	b.focus("svg.net")
	b.press("3")
	b.click("[role=treeitem]", "1-cfa73afe22")
	b.sees(".tbl h3", "Forwarding tables")
	b.click(".views a", "Explain")
	b.sees(".verdict", "OVERLAY-ADVERTISE-SHARED")
	b.gallery("recording")
	if got := b.read("performance.getEntriesByType('resource').map(e => e.name).join(' ')"); strings.TrimSpace(got) != "" {
		t.Errorf("the recording loads %s", got)
	}
}
