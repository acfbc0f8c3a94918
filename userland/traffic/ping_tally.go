package traffic

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// pingTally is iputils' book-keeping of requests and answers. Round trips are
// in microseconds.
type pingTally struct {
	sent, received, repeats, errors int
	pipe                            int // most requests in flight, seen at an answer
	least, most                     int64
	sum, squares                    float64
	lastSent                        time.Duration
	sentAt                          map[uint16]time.Duration
	answered                        map[uint16]bool
}

func newPingTally() pingTally {
	return pingTally{sentAt: map[uint16]time.Duration{}, answered: map[uint16]bool{}}
}

// sending counts a request.
func (t *pingTally) sending(seq uint16, now time.Duration) {
	t.sent++
	t.lastSent = now
	t.sentAt[seq] = now
	delete(t.answered, seq)
}

// acknowledge notes how many requests were on their way when news of one came.
func (t *pingTally) acknowledge(seq uint16) {
	if d := int(uint16(t.sent) - seq); d <= 65536/2 && d+1 > t.pipe {
		t.pipe = d + 1
	}
}

// answer counts an answer; ok is false if nobody asked.
func (t *pingTally) answer(seq uint16, at time.Duration) (rtt int64, dup, ok bool) {
	sent, ok := t.sentAt[seq]
	if !ok {
		return 0, false, false
	}
	t.acknowledge(seq)
	rtt = micros(at - sent)
	dup = t.answered[seq]
	t.answered[seq] = true
	if dup {
		t.repeats++
	} else {
		t.received++
	}
	if t.received+t.repeats == 1 || rtt < t.least {
		t.least = rtt
	}
	t.most = max(t.most, rtt)
	t.sum += float64(rtt)
	t.squares += float64(rtt) * float64(rtt)
	return rtt, dup, true
}

// averages are the mean and the deviation of the round trips.
func (t *pingTally) averages() (avg, mdev int64) {
	n := float64(t.received + t.repeats)
	mean := math.Floor(t.sum / n)
	return int64(mean), int64(math.Sqrt(max(math.Floor(t.squares/n)-mean*mean, 0)))
}

// millis prints microseconds as milliseconds with three digits.
func millis(us int64) string { return fmt.Sprintf("%d.%03d", us/1000, us%1000) }

// pingTime prints a round trip with three significant digits, as iputils does.
func pingTime(us int64) string {
	switch {
	case us >= 100000-50:
		return strconv.FormatInt((us+500)/1000, 10)
	case us >= 10000-5:
		return fmt.Sprintf("%d.%01d", (us+50)/1000, (us+50)%1000/100)
	case us >= 1000:
		return fmt.Sprintf("%d.%02d", (us+5)/1000, (us+5)%1000/10)
	}
	return fmt.Sprintf("%d.%03d", us/1000, us%1000)
}

// sixDigits is C's %g.
func sixDigits(f float32) string {
	return strconv.FormatFloat(float64(f), 'g', 6, 64)
}
