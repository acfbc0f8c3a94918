package print

import (
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dnetsim/link"
)

const (
	arpFrame  = "ffffffffffff 0242ac110002 0806 0001 0800 0604 0001 0242ac110002 ac110002 000000000000 ac110003"
	echoFrame = "0242ac110003 0242ac110002 0800 4500001c00010000 4001 0000 ac110002 ac110003 0800 f7fc 0001 0002"
)

// TestPrinterAgreesWithTcpdump prints what a real host captured, and compares
// with what tcpdump 4.99.3 -nnev printed of it. testdata holds both.
func TestPrinterAgreesWithTcpdump(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.pcap")
	if len(files) == 0 {
		t.Fatal("no captures in testdata")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got := strings.Split(printFile(t, file), "\n")
			want := capturedText(t, strings.TrimSuffix(file, ".pcap")+".txt")
			// The text was printed of more frames than the pcap kept, or the
			// other way round.
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Fatalf("line %d\n got %s\nwant %s", i+1, got[i], want[i])
				}
			}
			if len(want) < 10 {
				t.Fatalf("only %d lines to compare", len(want))
			}
		})
	}
}

// capturedText is a capture's text without the lines that say how it was made.
func capturedText(t *testing.T, file string) []string {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "#") {
			out = append(out, strings.TrimSuffix(line, "\n"))
		}
	}
	return out
}

func printFile(t *testing.T, file string) string {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := link.NewPcapReader(f)
	if err != nil {
		t.Fatal(err)
	}
	p := New(Options{Ethernet: true, Verbose: 1})
	var out strings.Builder
	for {
		at, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			return strings.TrimSuffix(out.String(), "\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(p.Print(at, data) + "\n")
	}
}

func describeHex(t *testing.T, hexFrame string, o Options) string {
	t.Helper()
	return Packet(unhexFrame(t, hexFrame), o)
}

func unhexFrame(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPacketPrintsTheFieldsOfEveryProtocol has one frame of each kind, with
// the line that tcpdump prints of it.
func TestPacketPrintsTheFieldsOfEveryProtocol(t *testing.T) {
	const eth = "0242ac110003 0242ac110002 "
	const ip4 = eth + "0800 "
	for _, c := range []struct {
		name, frame, want string
		opts              Options
	}{
		{"arp request", "ffffffffffff 0242ac110002 0806 0001 0800 0604 0001 0242ac110002 ac110002 000000000000 ac110003",
			"ARP, Request who-has 172.17.0.3 tell 172.17.0.2, length 28", Options{}},
		{"arp request -v", "ffffffffffff 0242ac110002 0806 0001 0800 0604 0001 0242ac110002 ac110002 000000000000 ac110003",
			"ARP, Ethernet (len 6), IPv4 (len 4), Request who-has 172.17.0.3 tell 172.17.0.2, length 28", Options{Verbose: 1}},
		{"arp reply -e", eth + "0806 0001 0800 0604 0002 0242ac110002 ac110002 0242ac110003 ac110003",
			"02:42:ac:11:00:02 > 02:42:ac:11:00:03, ethertype ARP (0x0806), length 42: Reply 172.17.0.2 is-at 02:42:ac:11:00:02, length 28",
			Options{Ethernet: true}},
		{"echo", ip4 + "4500001c00010000 4001 0000 ac110002 ac110003 0800 f7fc 0001 0002",
			"IP 172.17.0.2 > 172.17.0.3: ICMP echo request, id 1, seq 2, length 8", Options{}},
		{"port unreachable", ip4 + "4500003800010000 4001 0000 ac110003 ac110002 0303 0000 00000000" +
			"4500001c00010000 4011 0000 ac110002 ac110003 1234 0035 0008 0000",
			"IP 172.17.0.3 > 172.17.0.2: ICMP 172.17.0.3 udp port 53 unreachable, length 36", Options{}},
		{"need to frag", ip4 + "4500003800010000 4001 0000 ac110003 ac110002 0304 0000 000005aa" +
			"4500001c00010000 4011 0000 ac110002 ac110003 1234 0035 0008 0000",
			"IP 172.17.0.3 > 172.17.0.2: ICMP 172.17.0.3 unreachable - need to frag (mtu 1450), length 36", Options{}},
		{"dns query", ip4 + "4500003b00010000 4011 0000 ac110002 08080808 8000 0035 0027 0000" +
			"1234 0100 0001 0000 0000 0000 03777777 0562616964 7503636f6d 00 0001 0001",
			"IP 172.17.0.2.32768 > 8.8.8.8.53: 4660+ A? www.baidu.com. (31)", Options{}},
		{"dns answer", ip4 + "4500005d00010000 4011 0000 08080808 ac110002 0035 8000 0049 0000" +
			"1234 8180 0001 0002 0000 0000 03777777 0562616964 7503636f6d 00 0001 0001" +
			"c00c 0005 0001 0000003c 0006 03 777778 c010 c02b 0001 0001 0000003c 0004 dcb52696",
			"IP 8.8.8.8.53 > 172.17.0.2.32768: 4660 2/0/0 CNAME wwx.baidu.com., A 220.181.38.150 (65)", Options{}},
		{"nxdomain", ip4 + "4500003b00010000 4011 0000 08080808 ac110002 0035 8000 0027 0000" +
			"1234 8183 0001 0000 0000 0000 03777777 0562616964 7503636f6d 00 0001 0001",
			"IP 8.8.8.8.53 > 172.17.0.2.32768: 4660 NXDomain 0/0/0 (31)", Options{}},
		{"syn", ip4 + "4500003c00014000 4006 0000 ac110002 ac110003 c000 0050 00000064 00000000 a002 faf0 0000 0000" +
			"020405b4 0402 080a 00000001 00000000 01 030307",
			"IP 172.17.0.2.49152 > 172.17.0.3.80: Flags [S], seq 100, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
			Options{}},
		{"syn -q", ip4 + "4500002800014000 4006 0000 ac110002 ac110003 c000 0050 00000064 00000000 5002 faf0 0000 0000",
			"IP 172.17.0.2.49152 > 172.17.0.3.80: tcp 0", Options{Quick: true}},
		{"http", ip4 + "4500003800014000 4006 0000 ac110002 ac110003 c000 0050 00000064 00000001 5018 faf0 0000 0000" +
			"474554202f20485454502f312e300d0a",
			"IP 172.17.0.2.49152 > 172.17.0.3.80: Flags [P.], seq 100:116, ack 1, win 64240, length 16: HTTP: GET / HTTP/1.0", Options{}},
		{"fragment", ip4 + "4500001c000100b9 4011 0000 ac110002 ac110003 0000000000000000",
			"IP 172.17.0.2 > 172.17.0.3: ip-proto-17", Options{}},
		{"igmp", "01005e000016 0242ac110002 0800 460000280000400001020000ac110002e000001694040000 2200 f9fb 00000001 04000000 e00000fb",
			"IP 172.17.0.2 > 224.0.0.22: igmp v3 report, 1 group record(s)", Options{}},
		{"neighbour solicitation", "3333ff000002 0242ac110002 86dd 6000000000203aff fe8000000000000000000000000000 01" +
			"ff0200000000000000000001ff000002 8700 0000 00000000 fe800000000000000000000000000002 0101 0242ac110002",
			"IP6 fe80::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, who has fe80::2, length 32", Options{}},
		{"too short", "0242", " [|ether]", Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := describeHex(t, c.frame, c.opts); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestPrintAnyNamesInterfaceAndDirection(t *testing.T) {
	at := time.Date(2026, 1, 5, 8, 0, 0, 123456789, time.UTC)
	p := New(Options{})
	for _, c := range []struct{ got, want string }{
		{p.PrintAny(at, Cooked{"eth0", 2, PacketBroadcast}, unhexFrame(t, arpFrame)), "08:00:00.123456 eth0  B   ARP, Request who-has 172.17.0.3 tell 172.17.0.2, length 28"},
		{p.PrintAny(at, Cooked{"docker0", 3, PacketOutgoing}, unhexFrame(t, echoFrame)), "08:00:00.123456 docker0 Out IP 172.17.0.2 > 172.17.0.3: ICMP echo request, id 1, seq 2, length 8"},
	} {
		if c.got != c.want {
			t.Errorf("\n got %s\nwant %s", c.got, c.want)
		}
	}
}

func TestTimeFormsAreThoseOfTcpdump(t *testing.T) {
	first := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	for form, want := range map[TimeForm]string{
		TimeOfDay: "08:00:01.500000 ", TimeNone: "", TimeUnix: "1767600001.500000 ", TimeDelta: " 00:00:01.500000 ",
		TimeDate: "2026-01-05 08:00:01.500000 ", TimeSinceFirst: " 00:00:01.500000 ",
	} {
		p := New(Options{Time: form})
		p.Print(first, unhexFrame(t, echoFrame))
		got := p.Print(first.Add(1500*time.Millisecond), unhexFrame(t, echoFrame))
		if want += "IP 172.17.0.2 > 172.17.0.3: ICMP echo request, id 1, seq 2, length 8"; got != want {
			t.Errorf("form %d\n got %s\nwant %s", form, got, want)
		}
	}
}

func TestHexDumpHasSixteenBytesALine(t *testing.T) {
	want := "IP 172.17.0.2 > 172.17.0.3: ICMP echo request, id 1, seq 2, length 8" +
		"\n\t0x0000:  4500 001c 0001 0000 4001 0000 ac11 0002  E.......@......." +
		"\n\t0x0010:  ac11 0003 0800 f7fc 0001 0002            ............"
	if got := describeHex(t, echoFrame, Options{Hex: 3}); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestErrorsQuoteTheirPacketWithV(t *testing.T) {
	got := describeHex(t, "0242ac110003 0242ac110002 0800 4500003800010000 4001 229d ac110003 ac110002 0304 cde0 000005aa"+
		"4500051c00014000 4011 dda8 ac110002 ac110003 1234 1235 0508 0000", Options{Verbose: 1})
	want := "IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto ICMP (1), length 56)\n" +
		"    172.17.0.3 > 172.17.0.2: ICMP 172.17.0.3 unreachable - need to frag (mtu 1450), length 36\n" +
		"\tIP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto UDP (17), length 1308)\n" +
		"    172.17.0.2.4660 > 172.17.0.3.4661: UDP, length 1280"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// FuzzPacket: printing ends, whatever the bytes, and what it prints steers no
// terminal. The seeds are a header alone, and frames that were captured.
func FuzzPacket(f *testing.F) {
	f.Add([]byte("\x02\x42\xac\x11\x00\x03\x02\x42\xac\x11\x00\x02\x08\x00E\x00\x00\x1c"), uint8(2))
	file, err := os.Open("testdata/overlay.pcap")
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	r, err := link.NewPcapReader(file)
	if err != nil {
		f.Fatal(err)
	}
	for range 60 {
		_, data, err := r.Next()
		if err != nil {
			break
		}
		f.Add(data, uint8(7))
	}
	f.Fuzz(func(t *testing.T, frame []byte, verbose uint8) {
		p := New(Options{Verbose: int(verbose % 4), Ethernet: verbose&4 != 0})
		if got := p.Print(time.Unix(0, 0), frame); strings.ContainsAny(got, "\x00\a\b\x1b") {
			t.Errorf("%x is printed as %q", frame, got)
		}
	})
}

// TestPrinterSurvivesDamagedFrames cuts real frames everywhere and turns over
// every byte: printing must always end without a panic.
func TestPrinterSurvivesDamagedFrames(t *testing.T) {
	f, err := os.Open("testdata/overlay.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := link.NewPcapReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		_, data, err := r.Next()
		if err != nil {
			return
		}
		for i := range data {
			Packet(data[:i], Options{Verbose: 3})
			c := append([]byte(nil), data...)
			c[i] = ^c[i]
			Packet(c, Options{Verbose: 3})
		}
	}
}
