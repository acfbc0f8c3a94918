package engine

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"dnetsim/modes/swarm/object"

	"github.com/moby/moby/api/types/swarm"
)

// What a user asks of a service is kept and shown as a whole: every field that the API of
// today has.
func TestASpecificationLosesNothing(t *testing.T) {
	var asked swarm.ServiceSpec
	fill(reflect.ValueOf(&asked).Elem())
	text, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	var kept object.ServiceSpec
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	json.Unmarshal(text, &want)
	json.Unmarshal(again, &got)
	for _, lost := range missingIn("Spec", want, got) {
		t.Errorf("lost: %s", lost)
	}
}

// fill gives every field a value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || strings.HasPrefix(v.Type().PkgPath(), "net/netip") {
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		if v.Type().Elem().Kind() == reflect.String {
			v.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), reflect.ValueOf("v").Convert(v.Type().Elem()))
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(7)
	case reflect.Uint64, reflect.Uint32, reflect.Uint, reflect.Uint8:
		v.SetUint(7)
	case reflect.Float32:
		v.SetFloat(0.5)
	}
}

// missingIn are the places of a document that another one has not.
func missingIn(at string, want, got any) (lost []string) {
	switch want := want.(type) {
	case map[string]any:
		have, _ := got.(map[string]any)
		for _, k := range sorted(want) {
			lost = append(lost, missingIn(at+"."+k, want[k], have[k])...)
		}
	case []any:
		have, _ := got.([]any)
		if len(have) != len(want) {
			return []string{at}
		}
		for i := range want {
			lost = append(lost, missingIn(at+"[]", want[i], have[i])...)
		}
	default:
		if !reflect.DeepEqual(want, got) {
			return []string{at}
		}
	}
	return lost
}
