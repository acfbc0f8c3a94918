module github.com/moby/swarmkit/v2

go 1.25.0

require github.com/gogo/protobuf v1.3.2

replace github.com/gogo/protobuf => ../gogo
