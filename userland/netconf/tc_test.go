package netconf

import (
	"testing"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
)

// netem is set, shown, changed and deleted in tc's words.
func TestNetemRoundTrip(t *testing.T) {
	b := newHost(t)
	const dev = "tc qdisc show dev eth0"
	b.expect(b.host, "tc qdisc del dev eth0 root", 2, "Error: Cannot delete qdisc with handle of zero.\n")
	b.expect(b.host, "tc qdisc change dev eth0 root netem loss 1%", 2, "Error: Qdisc not found. To create specify NLM_F_CREATE flag.\n")
	b.expect(b.host, "tc qdisc add dev eth0 root netem delay 100ms 10ms loss 0.5% duplicate 1 corrupt 2% reorder 25% rate 1500kbit", 0, "")
	b.expect(b.host, dev, 0, "qdisc netem 8002: root refcnt 2 limit 1000 delay 100ms  10ms loss 0.5% duplicate 1% reorder 25% corrupt 2% rate 1500Kbit gap 1\n")
	how, _, _ := stack.Netem(b.host.NS().Interface("eth0"))
	want := link.Impairment{Delay: 100 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: .005, Duplicate: .01, Corrupt: .02, Reorder: .25, Rate: 1500000, Queue: 1000}
	if how.Delay != want.Delay || how.Jitter != want.Jitter || how.Loss != want.Loss || how.Duplicate != want.Duplicate || how.Corrupt != want.Corrupt || how.Reorder != want.Reorder || how.Rate != want.Rate {
		t.Errorf("netem is %+v, want %+v", how, want)
	}
	b.expect(b.host, "tc qdisc add dev eth0 root netem loss 1%", 2, "Error: Exclusivity flag on, cannot modify.\n")
	b.expect(b.host, "tc qdisc replace dev eth0 root netem delay 500us limit 10", 0, "")
	b.expect(b.host, dev, 0, "qdisc netem 8002: root refcnt 2 limit 10 delay 500us\n")
	b.expect(b.host, "tc qdisc add dev docker0 root netem reorder 5%", 1, "reordering not possible without specifying some delay\n")
	b.expect(b.host, "tc qdisc add dev docker0 root netem loss 1% 25%", 1, "dnetsim does not simulate correlations of netem (25%)\n")
	b.expect(b.host, "tc qdisc add dev docker0 root tbf rate 1mbit burst 32kbit latency 400ms", 1, "dnetsim does not simulate \"tbf\" of tc qdisc: dnetsim has netem at the root of a device\n")
	b.expect(b.host, "tc qdisc del dev eth0 root netem", 0, "")
	b.expect(b.host, dev, 0, "qdisc noqueue 0: root refcnt 2 \n")
}
