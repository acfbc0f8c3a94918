package page

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dnetsim/engine/cli"
	"dnetsim/scenarios"
)

// A recording is one file that loads nothing: what happened is in it, in order.
func TestARecordingIsOneFile(t *testing.T) {
	s, err := scenarios.FromLibrary("overlay-ping")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Record(&b, s, scenarios.Options{Docker: cli.Program}); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	m := regexp.MustCompile(`(?s)id="recording">(.*?)</script>`).FindStringSubmatch(html)
	if m == nil || strings.Count(html, "</script>") != 2 || strings.Contains(html, "unsafe") || !strings.Contains(html, "default-src 'none'; script-src 'sha256-") {
		t.Fatal("the file has not the form of a recording")
	}
	var r struct {
		From, To int64
		Steps    []struct {
			At int64
			M  struct{ T, Data string }
		}
		Packets   []struct{ Why string }
		Details   map[string]any
		Tables    []struct{ Node string }
		Explained []struct {
			Data struct{ Cures []struct{ Code string } }
		}
	}
	if err := json.Unmarshal([]byte(m[1]), &r); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	last, out := int64(0), ""
	for _, x := range r.Steps {
		if x.At < last {
			t.Errorf("%s at %d comes after %d", x.M.T, x.At, last)
		}
		last = x.At
		kinds[x.M.T]++
		out += x.M.Data
	}
	if r.Steps[0].M.T != "hello" || kinds["topo"] < 3 || kinds["moves"] < 5 || kinds["bar"] != 1 || kinds["terms"] != 4 || !strings.Contains(out, "PING c2 (172.16.0.2): 56 data bytes\r\n") {
		t.Errorf("it tells %v", kinds)
	}
	if !slices.ContainsFunc(r.Packets, func(p struct{ Why string }) bool { return p.Why == "l3-miss" }) || len(r.Details) == 0 || len(r.Tables) < 8 {
		t.Errorf("%d packets, %d details, %d tables", len(r.Packets), len(r.Details), len(r.Tables))
	}
	if len(r.Explained) != 1 || r.Explained[0].Data.Cures[0].Code != "OVERLAY-ADVERTISE-SHARED" {
		t.Errorf("explained: %+v", r.Explained)
	}
}
