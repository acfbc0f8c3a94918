module github.com/docker/go-metrics

go 1.25.0
