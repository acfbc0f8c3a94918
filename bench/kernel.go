package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// kernel is iperf3 between two network namespaces of the real kernel, each on a
// veth to one bridge: what dnetsim simulates. The bridge is in a namespace of its
// own, so that the machine's rules and bridges have no part in it.
func (w *wholes) kernel(r *result) error {
	switch {
	case runtime.GOOS != "linux":
		w.leaveOut("bench.Kernel", "it needs Linux")
		return nil
	case os.Geteuid() != 0:
		w.leaveOut("bench.Kernel", "network namespaces need root")
		return nil
	}
	for _, tool := range []string{"ip", "iperf3"} {
		if _, err := exec.LookPath(tool); err != nil {
			w.leaveOut("bench.Kernel", "there is no "+tool)
			return nil
		}
	}
	prefix := fmt.Sprintf("dnetsim-bench-%d-", os.Getpid())
	a, b, mid := prefix+"a", prefix+"b", prefix+"bridge"
	for _, ns := range []string{a, b, mid} {
		if err := ip("netns add " + ns); err != nil {
			w.leaveOut("bench.Kernel", err.Error())
			return nil
		}
		defer ip("netns del " + ns)
	}
	for _, line := range []string{
		"-n " + mid + " link add br0 type bridge",
		"-n " + mid + " link set br0 up",
		"-n " + mid + " link add va type veth peer name eth0 netns " + a,
		"-n " + mid + " link add vb type veth peer name eth0 netns " + b,
		"-n " + mid + " link set va master br0 up",
		"-n " + mid + " link set vb master br0 up",
		"-n " + a + " addr add 10.9.0.1/24 dev eth0",
		"-n " + b + " addr add 10.9.0.2/24 dev eth0",
		"-n " + a + " link set eth0 up",
		"-n " + b + " link set eth0 up",
	} {
		if err := ip(line); err != nil {
			w.leaveOut("bench.Kernel", err.Error())
			return nil
		}
	}
	server := exec.Command("ip", "netns", "exec", b, "iperf3", "-s", "-1")
	if err := server.Start(); err != nil {
		return err
	}
	defer server.Wait()
	defer server.Process.Kill()
	rate, err := iperf(a)
	if err != nil {
		return err
	}
	r.put("Kernel/bridge", rate/1e9, "Gbit/s")
	return nil
}

func ip(line string) error {
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %s", line, strings.TrimSpace(string(out)))
	}
	return nil
}

// iperf is what a second of iperf3 from a namespace gets, in bits per second. The
// server and the bridge may need a moment until they listen.
func iperf(ns string) (float64, error) {
	for range 20 {
		out, err := exec.Command("ip", "netns", "exec", ns, "iperf3", "-c", "10.9.0.2", "-t", "1", "-J").Output()
		var x struct {
			End struct {
				SumReceived struct {
					BitsPerSecond float64 `json:"bits_per_second"`
				} `json:"sum_received"`
			}
		}
		if json.Unmarshal(out, &x) == nil && err == nil && x.End.SumReceived.BitsPerSecond > 0 {
			return x.End.SumReceived.BitsPerSecond, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return 0, errors.New("iperf3 got no answer through the bridge")
}
