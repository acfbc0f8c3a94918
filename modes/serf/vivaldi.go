package serf

import (
	"math"
	"slices"
	"time"

	"dnetsim/modes/msgpack"
	"dnetsim/sim"
)

// The parameters of the network coordinates.
const (
	dimensions     = 8
	errorMax       = 1.5
	vivaldiCE      = 0.25
	vivaldiCC      = 0.25
	adjustmentSize = 20
	heightMin      = 10e-6
	filterSize     = 3
	gravityRho     = 150.0
	almostZero     = 1e-6
	ackVersion     = 1
	maxRTT         = 10 * time.Second
)

// coordinate is where a member sits in the space of round-trip times. Nothing
// decides by it; it travels in every ack, and makes up most of one.
type coordinate struct {
	vec                      [dimensions]float64
	errorEst, adjust, height float64
}

// vivaldi keeps our own coordinate.
type vivaldi struct {
	rng     *sim.Rand
	coord   coordinate
	samples [adjustmentSize]float64
	next    int
	recent  map[string][]float64
}

// round stops the compiler from fusing a multiplication with an addition, which
// would give other digits on other machines.
func round(x float64) float64 { return float64(x) }

func (v *vivaldi) init(rng *sim.Rand) {
	v.rng = rng
	v.coord = coordinate{errorEst: errorMax, height: heightMin}
	v.recent = make(map[string][]float64)
}

func (v *vivaldi) forget(name string) { delete(v.recent, name) }

// payload is our coordinate as an ack carries it.
func (v *vivaldi) payload() []byte {
	return msgpack.Message(ackVersion, v.coord.table())
}

func (c *coordinate) table() []msgpack.Field {
	return []msgpack.Field{{"Adjustment", &c.adjust}, {"Error", &c.errorEst}, {"Height", &c.height}, {"Vec", (*vector)(&c.vec)}}
}

// vector is a place in the coordinates' space. One of another dimension is read
// as one that is no place at all.
type vector [dimensions]float64

func (v *vector) Encode(e *msgpack.Encoder) {
	e.ArrayHead(dimensions)
	for _, x := range v {
		e.Float(x)
	}
}

func (v *vector) Decode(d *msgpack.Decoder) {
	n := d.ArrayLen()
	for i := 0; i < n && d.Err == nil; i++ {
		if x := d.Float(); i < dimensions {
			v[i] = x
		}
	}
	if n != dimensions {
		v[0] = math.NaN()
	}
}

func decodeCoordinate(b []byte) (coordinate, bool) {
	var c coordinate
	if len(b) == 0 || b[0] != ackVersion {
		return c, false
	}
	d := &msgpack.Decoder{B: b[1:]}
	c.vec[0] = math.NaN() // until there is one
	d.Table(c.table())
	return c, d.Err == nil && c.valid()
}

func (c *coordinate) valid() bool {
	for _, x := range append(c.vec[:], c.errorEst, c.adjust, c.height) {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return false
		}
	}
	return true
}

func (c *coordinate) between(o *coordinate) (diff [dimensions]float64, length float64) {
	sum := 0.0
	for i := range diff {
		diff[i] = c.vec[i] - o.vec[i]
		sum += round(diff[i] * diff[i])
	}
	return diff, math.Sqrt(sum)
}

func (c *coordinate) raw(o *coordinate) float64 {
	_, l := c.between(o)
	return l + c.height + o.height
}

func (c *coordinate) distance(o *coordinate) float64 {
	d := c.raw(o)
	if x := d + c.adjust + o.adjust; x > 0 {
		d = x
	}
	return float64(time.Duration(d*1e9)) / 1e9
}

// push moves the coordinate away from o.
func (v *vivaldi) push(force float64, o *coordinate) {
	c := &v.coord
	unit, l := c.between(o)
	if l <= almostZero {
		sum := 0.0
		for i := range unit {
			unit[i] = v.rng.Float64() - 0.5
			sum += round(unit[i] * unit[i])
		}
		l = math.Sqrt(sum)
		for i := range unit {
			c.vec[i] += round(unit[i] / l * force)
		}
		return
	}
	for i := range unit {
		c.vec[i] += round(unit[i] / l * force)
	}
	c.height = math.Max(round((c.height+o.height)*force/l)+c.height, heightMin)
}

// AckPayload is our coordinate, which travels in every ack, and NotifyPing moves it
// after a round trip ([memberlist.PingDelegate]).
func (a *Agent) AckPayload() []byte { return a.coord.payload() }

// NotifyPing is of a node that has answered.
func (a *Agent) NotifyPing(name string, rtt time.Duration, payload []byte) {
	a.coord.update(name, payload, rtt)
}

// update moves our coordinate after a round trip to a member.
func (v *vivaldi) update(name string, payload []byte, rtt time.Duration) {
	o, ok := decodeCoordinate(payload)
	if !ok || rtt < 0 || rtt > maxRTT {
		return
	}
	s := append(v.recent[name], rtt.Seconds())
	if len(s) > filterSize {
		s = slices.Delete(s, 0, 1)
	}
	v.recent[name] = s
	var sorted [filterSize]float64
	n := copy(sorted[:], s)
	slices.Sort(sorted[:n])
	seconds := math.Max(sorted[n/2], almostZero)

	c := &v.coord
	dist := c.distance(&o)
	wrong := math.Abs(dist-seconds) / seconds
	weight := c.errorEst / math.Max(c.errorEst+o.errorEst, almostZero)
	c.errorEst = math.Min(round(vivaldiCE*weight*wrong)+round(c.errorEst*(1-round(vivaldiCE*weight))), errorMax)
	v.push(vivaldiCC*weight*(seconds-dist), &o)

	v.samples[v.next] = seconds - c.raw(&o)
	v.next = (v.next + 1) % adjustmentSize
	sum := 0.0
	for _, x := range v.samples {
		sum += x
	}
	c.adjust = sum / (2 * adjustmentSize)

	origin := coordinate{height: heightMin, errorEst: errorMax}
	far := origin.distance(c) / gravityRho
	v.push(-far*far, &origin)
	if !c.valid() {
		v.coord = coordinate{errorEst: errorMax, height: heightMin}
	}
}
