// Command control-plane is a Kubernetes control plane for tests: etcd, kube-apiserver and kube-controller-manager of one release, as
// they are, on the loopback interface of one machine.
//
// It runs as three processes of this one binary, because each of the two Kubernetes programs wants flags, feature gates and a log
// of its own:
//
//	control-plane --dir DIR [--crds DIR ...]   etcd, and who looks after the others
//	  kube-apiserver                 RBAC, the admission plugins that are on by default, aggregation
//	  kube-controller-manager        the controllers that controllers.go names
//
// Once /readyz is ok and the default namespace has its service account, it prints one line of JSON on stdout that names an
// administrator's kubeconfig. All that it writes is in DIR. It ends on SIGTERM, when stdin closes, and when one of the three ends.
//
// What it does not have: a scheduler, nodes and kubelets (a pod stays Pending until a test writes its status), Deployments,
// StatefulSets, Services that lead anywhere, and data that survives: nothing is flushed to the disk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"part"
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case apiServer:
			part.Exit(runAPIServer(os.Args[2:]))
		case controllerManager:
			part.Exit(runControllerManager(os.Args[2:]))
		}
	}
	dir := flag.String("dir", "", "folder for certificates, kubeconfigs, data and logs")
	var crds folders
	flag.Var(&crds, "crds", "folder with CustomResourceDefinitions to install; may be given several times")
	flag.Parse()
	if *dir == "" || flag.NArg() > 0 {
		part.Exit(errors.New("control-plane: --dir DIR is needed, and but for --crds DIR nothing else"))
	}
	part.Run(func(ctx context.Context) error { return run(ctx, *dir, crds) })
}

func run(ctx context.Context, dir string, crds folders) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	listener, err := listen()
	if err != nil {
		return err
	}
	files, err := writeCredentials(dir, "https://"+listener.Addr().String())
	if err != nil {
		return fmt.Errorf("credentials: not written: %w", err)
	}
	data := filepath.Join(dir, "etcd")
	// Logs may be wanted afterwards; data is large and is not.
	defer os.RemoveAll(data)
	etcd, err := startEtcd(data, filepath.Join(dir, "etcd.log"))
	if err != nil {
		return fmt.Errorf("etcd: not started: %w", err)
	}
	defer etcd.Close()

	api, err := startAPIServer(dir, files, listener, etcd.Clients[0].Addr())
	if err != nil {
		return err
	}
	defer api.stop()
	if err := waitFor(ctx, api, files.admin, isHealthy); err != nil {
		return err
	}
	if err := installCRDs(ctx, api, files.admin, crds); err != nil {
		return err
	}
	controllers, err := startControllerManager(dir, files)
	if err != nil {
		return err
	}
	defer controllers.stop()
	if err := waitFor(ctx, controllers, files.admin, isReady); err != nil {
		return err
	}
	if err := part.Ready(map[string]any{"kubeconfig": files.admin}); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-api.ended:
		return api.failure()
	case <-controllers.ended:
		return controllers.failure()
	}
}
