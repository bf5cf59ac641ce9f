module berth.dev/infra/dev-cluster/pause

go 1.21
