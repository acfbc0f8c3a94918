package packages

import "strings"

// Family is a package format and who uses it.
type Family int

// The families.
const (
	Deb Family = iota
	Alpine
	RPM
)

// Package is what an archive has under a name.
type Package struct {
	Name      string
	Version   string
	Component string // main, universe; a repository of Alpine's or CentOS'
	Size      int64  // of the file, bytes
	Installed int64  // bytes
	Depends   []string
	Source    string   // its folder in the pool
	Programs  []string // names in the Debian set
}

// entry is one line of a table: versions are Debian's and Ubuntu's, or one.
type entry struct {
	name, versions, component string
	kilobytes, installed      int64 // 1000 bytes
	depends, programs         string
}

// debs are the packages of Debian 12 and Ubuntu 22.04 whose programs exist here, and
// some that people install along.
var debs = []entry{
	{"iputils-ping", "3:20221126-1+deb12u1 3:20211215-1", "main", 43, 116, "libcap2-bin", "ping ping4 ping6"},
	{"iputils-arping", "3:20221126-1+deb12u1 3:20211215-1", "universe", 30, 60, "", "arping"},
	{"iputils-tracepath", "3:20221126-1+deb12u1 3:20211215-1", "main", 14, 40, "", "tracepath"},
	{"libcap2-bin", "1:2.66-4+deb12u1 1:2.44-1ubuntu0.22.04.1", "main", 26, 110, "", ""},
	{"iproute2", "6.1.0-3 5.15.0-1ubuntu2", "main", 1070, 3480, "libelf1 libmnl0", "ip ss bridge tc"},
	{"libelf1", "0.188-2.1 0.186-1build1", "main", 51, 160, "", ""},
	{"libmnl0", "1.0.4-3 1.0.4-3build2", "main", 13, 47, "", ""},
	{"net-tools", "2.10-0.1 1.60+git20181103.0eebece-1ubuntu5", "main", 204, 819, "", "ifconfig route arp netstat"},
	{"bind9-dnsutils", "1:9.18.24-1 1:9.18.18-0ubuntu0.22.04.2", "main", 157, 530, "bind9-host bind9-libs", "dig nslookup"},
	{"bind9-host", "1:9.18.24-1 1:9.18.18-0ubuntu0.22.04.2", "main", 52, 146, "bind9-libs", "host"},
	{"bind9-libs", "1:9.18.24-1 1:9.18.18-0ubuntu0.22.04.2", "main", 1245, 3300, "", ""},
	{"dnsutils", "1:9.18.24-1 1:9.18.18-0ubuntu0.22.04.2", "universe", 4, 25, "bind9-dnsutils", ""},
	{"curl", "7.88.1-10+deb12u5 7.81.0-1ubuntu1.15", "main", 194, 455, "libcurl4 ca-certificates", "curl"},
	{"libcurl4", "7.88.1-10+deb12u5 7.81.0-1ubuntu1.15", "main", 289, 770, "", ""},
	{"ca-certificates", "20230311 20230311ubuntu0.22.04.1", "main", 155, 388, "openssl", ""},
	{"openssl", "3.0.11-1~deb12u2 3.0.2-0ubuntu1.14", "main", 1184, 2100, "", ""},
	{"wget", "1.21.3-1+b1 1.21.2-2ubuntu1", "main", 339, 1010, "", "wget"},
	{"tcpdump", "4.99.3-1 4.99.1-3ubuntu0.1", "main", 501, 1400, "libpcap0.8", "tcpdump"},
	{"libpcap0.8", "1.10.3-1 1.10.1-4build1", "main", 145, 350, "", ""},
	{"netcat-openbsd", "1.219-1 1.218-4ubuntu1", "main", 40, 110, "libbsd0", "nc netcat"},
	{"libbsd0", "0.11.7-2 0.11.5-1", "main", 45, 138, "", ""},
	{"traceroute", "1:2.1.2-1 1:2.1.0-2", "universe", 55, 160, "", "traceroute traceroute6"},
	{"iptables", "1.8.9-2 1.8.7-1ubuntu5.1", "main", 455, 2700, "libxtables12 libnetfilter-conntrack3", "iptables iptables-save iptables-restore iptables-legacy iptables-legacy-save iptables-legacy-restore ip6tables ip6tables-save ip6tables-restore ip6tables-legacy ip6tables-legacy-save ip6tables-legacy-restore"},
	{"nftables", "1.0.6-2+deb12u2 1.0.2-1ubuntu3", "main", 70, 189, "libnftables1", "nft"},
	{"libnftables1", "1.0.6-2+deb12u2 1.0.2-1ubuntu3", "main", 300, 900, "", ""},
	{"libxtables12", "1.8.9-2 1.8.7-1ubuntu5.1", "main", 31, 108, "", ""},
	{"libnetfilter-conntrack3", "1.0.9-3 1.0.9-1", "main", 45, 150, "", ""},
	{"telnet", "0.17+2.4-2+deb12u1 0.17-44build1", "main", 62, 158, "", "telnet"},
	{"vim", "2:9.0.1378-2 2:8.2.3995-1ubuntu2.15", "main", 1735, 4000, "vim-common", "vim vi"},
	{"vim-tiny", "2:9.0.1378-2 2:8.2.3995-1ubuntu2.15", "main", 720, 1700, "vim-common", "vi"},
	{"vim-common", "2:9.0.1378-2 2:8.2.3995-1ubuntu2.15", "main", 81, 360, "", ""},
	{"nano", "7.2-1 6.2-1", "main", 280, 880, "", "nano"},
	{"less", "590-2.1~deb12u2 590-1ubuntu0.22.04.1", "main", 132, 320, "", "less"},
	{"socat", "1.7.4.4-2 1.7.4.1-3ubuntu4", "main", 375, 1640, "", "socat"},
	{"iperf3", "3.12-1+deb12u1 3.9-1+deb11u1build0.22.04.1", "universe", 34, 90, "", "iperf3"},
	{"iperf", "2.1.8+dfsg-1 2.1.5+dfsg1-1", "universe", 120, 330, "", "iperf"},
	{"bridge-utils", "1.7.1-1 1.7-1ubuntu3", "main", 37, 120, "", "brctl"},
	{"ethtool", "1:6.1-1 1:5.16-1ubuntu0.1", "main", 197, 620, "libmnl0", "ethtool"},
	{"conntrack", "1:1.4.7-1+b2 1:1.4.6-2build2", "main", 34, 110, "libnetfilter-conntrack3", "conntrack"},
	{"procps", "2:4.0.2-3 2:3.3.17-6ubuntu2.1", "main", 709, 2400, "", "ps top free pgrep pkill sysctl uptime w watch kill"},
	{"psmisc", "23.6-1 23.4-2build3", "main", 259, 900, "", "killall"},
	{"openssh-client", "1:9.2p1-2+deb12u2 1:8.9p1-3ubuntu0.7", "main", 991, 5600, "", "ssh scp"},
	{"xxd", "2:9.0.1378-2 2:8.2.3995-1ubuntu2.15", "main", 83, 260, "", "xxd"},
	{"gawk", "1:5.2.1-2 1:5.1.0-1ubuntu0.1", "main", 673, 2500, "", "gawk"},
	{"jq", "1.6-2.1 1.6-2.1ubuntu3", "main", 65, 105, "libjq1", "jq"},
	{"libjq1", "1.6-2.1 1.6-2.1ubuntu3", "main", 135, 365, "libonig5", ""},
	{"libonig5", "6.9.8-1 6.9.7.1-2build1", "main", 188, 636, "", ""},
	{"bsdextrautils", "2.38.1-5 2.37.2-4ubuntu3", "main", 87, 270, "", "column"},
	{"apt-utils", "2.6.1 2.4.12", "main", 309, 1090, "", ""},
	{"apt-transport-https", "2.6.1 2.4.12", "universe", 2, 36, "", ""},
}

// apks are Alpine's, of version 3.17.
var apks = []entry{
	{"curl", "8.5.0-r0", "main", 131, 260, "ca-certificates libcurl", "curl"},
	{"ca-certificates", "20240226-r0", "main", 122, 712, "", ""},
	{"libcurl", "8.5.0-r0", "main", 251, 520, "", ""},
	{"bind-tools", "9.18.24-r0", "main", 1240, 2600, "bind-libs", "dig host nslookup"},
	{"bind-libs", "9.18.24-r0", "main", 1200, 2500, "", ""},
	{"iproute2", "6.0.0-r1", "main", 5, 4, "libelf libmnl", "ip ss bridge tc"},
	{"libelf", "0.187-r2", "main", 74, 160, "", ""},
	{"libmnl", "1.0.5-r0", "main", 12, 40, "", ""},
	{"iputils", "20211215-r0", "main", 82, 180, "libcap2", "ping ping4 ping6 arping tracepath"},
	{"libcap2", "2.66-r0", "main", 22, 70, "", ""},
	{"net-tools", "2.10-r0", "main", 210, 600, "", "ifconfig route arp netstat"},
	{"tcpdump", "4.99.4-r0", "main", 480, 1200, "libpcap", "tcpdump"},
	{"libpcap", "1.10.1-r1", "main", 110, 250, "", ""},
	{"netcat-openbsd", "1.130-r4", "main", 20, 50, "", "nc"},
	{"busybox-extras", "1.35.0-r31", "main", 60, 140, "", "telnet"},
	{"traceroute", "2.1.1-r0", "community", 40, 90, "", "traceroute traceroute6"},
	{"iptables", "1.8.8-r2", "main", 220, 900, "libmnl", "iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore"},
	{"nftables", "1.0.5-r0", "main", 80, 200, "libmnl", "nft"},
	{"socat", "1.7.4.4-r0", "main", 150, 400, "", "socat"},
	{"iperf3", "3.12-r0", "main", 70, 180, "", "iperf3"},
	{"iperf", "2.1.8-r0", "community", 60, 160, "", "iperf"},
	{"bash", "5.2.15-r0", "main", 470, 1400, "", "bash"},
	{"vim", "9.0.2073-r0", "community", 1260, 3200, "", "vim vi"},
	{"nano", "7.0-r0", "main", 240, 640, "", "nano"},
	{"ethtool", "6.0-r0", "main", 190, 460, "", "ethtool"},
	{"conntrack-tools", "1.4.7-r1", "community", 90, 250, "libmnl", "conntrack"},
	{"bridge-utils", "1.7.1-r0", "main", 20, 50, "", "brctl"},
	{"openssh-client", "9.1_p1-r5", "main", 5, 5, "", "ssh scp"},
	{"jq", "1.6-r3", "main", 140, 310, "oniguruma", "jq"},
	{"oniguruma", "6.9.8-r0", "main", 210, 540, "", ""},
	{"wget", "1.21.4-r0", "main", 270, 560, "", "wget"},
}

// rpms are CentOS 7's.
var rpms = []entry{
	{"net-tools", "2.0-0.25.20131004git.el7", "base", 306, 917, "", "ifconfig route arp netstat"},
	{"bind-utils", "32:9.11.4-26.P2.el7_9.15", "updates", 262, 584, "", "dig host nslookup"},
	{"iproute", "4.11.0-30.el7", "base", 805, 1800, "", "ip ss bridge tc"},
	{"iputils", "20160308-10.el7", "base", 148, 350, "", "ping ping6 arping tracepath"},
	{"tcpdump", "14:4.9.2-4.el7_7.1", "base", 422, 1000, "", "tcpdump"},
	{"traceroute", "3:2.0.22-2.el7", "base", 59, 100, "", "traceroute traceroute6"},
	{"telnet", "1:0.17-66.el7", "updates", 64, 110, "", "telnet"},
	{"nmap-ncat", "2:6.40-19.el7", "base", 206, 430, "", "nc"},
	{"wget", "1.14-18.el7_6.1", "base", 547, 2000, "", "wget"},
	{"curl", "7.29.0-59.el7_9.1", "updates", 271, 530, "", "curl"},
	{"iptables", "1.4.21-35.el7", "base", 432, 1500, "", "iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore"},
	{"iperf3", "3.1.7-2.el7", "base", 90, 220, "", "iperf3"},
	{"bridge-utils", "1.5-9.el7", "base", 32, 56, "", "brctl"},
	{"ethtool", "2:4.8-10.el7", "base", 127, 430, "", "ethtool"},
	{"conntrack-tools", "1.4.4-7.el7", "base", 187, 550, "", "conntrack"},
	{"vim-enhanced", "2:7.4.629-8.el7_9", "updates", 1100, 2200, "", "vim"},
	{"procps-ng", "3.3.10-28.el7", "base", 291, 760, "", "ps top free pgrep pkill sysctl uptime w watch"},
	{"openssh-clients", "7.4p1-23.el7_9", "updates", 656, 2500, "", "ssh scp"},
}

// read makes a package of a table's line, with the version of that column.
func (e entry) read(column int) *Package {
	versions := strings.Fields(e.versions)
	return &Package{
		Name: e.name, Version: versions[min(column, len(versions)-1)], Component: e.component, Size: e.kilobytes * 1000,
		Installed: e.installed * 1000, Depends: strings.Fields(e.depends), Source: e.name, Programs: strings.Fields(e.programs),
	}
}

func readAll(table []entry, column int) []*Package {
	var out []*Package
	for _, e := range table {
		out = append(out, e.read(column))
	}
	return out
}

// plainVersion is a version without its epoch, as file names have it.
func plainVersion(v string) string {
	if _, rest, ok := strings.Cut(v, ":"); ok {
		return rest
	}
	return v
}
