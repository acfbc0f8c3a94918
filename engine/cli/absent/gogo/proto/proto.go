// Package proto has the names that generated code of docker's mentions. Nobody encodes by it:
// those types travel as JSON.
package proto

import (
	"errors"
	"fmt"
)

// GoGoProtoPackageIsVersion2 is what generated code asks for.
const GoGoProtoPackageIsVersion2 = true

// Marshal refuses.
func Marshal(any) ([]byte, error) { return nil, errors.New("proto: this build has no encoder") }

// CompactTextString is a message as text, in Go's words.
func CompactTextString(m any) string { return fmt.Sprintf("%T", m) }

// RegisterType does nothing.
func RegisterType(any, string) {}

// RegisterFile does nothing.
func RegisterFile(string, []byte) {}
