package main

import (
	"context"
	"net"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"part"
)

const (
	apiServer = "kube-apiserver"
	// listenerFile is the descriptor under which the API server finds the listener that it inherits.
	listenerFile = 3
)

func startAPIServer(dir string, files credentials, listener *net.TCPListener, etcd net.Addr) (*child, error) {
	inherited, err := listener.File()
	if err != nil {
		return nil, err
	}
	defer inherited.Close()
	// Were it left open here, a client would wait for an API server that has ended instead of being refused.
	defer listener.Close()
	return start(dir, apiServer, []string{
		"--etcd-servers=http://" + etcd.String(),
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none", // a Service cannot lead to a loopback address
		"--service-cluster-ip-range=" + serviceRange,
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		"--client-ca-file=" + files.ca.certificate,
		"--tls-cert-file=" + files.serving.certificate,
		"--tls-private-key-file=" + files.serving.key,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + files.serviceAccount.key,
		"--service-account-signing-key-file=" + files.serviceAccount.key,
		"--requestheader-client-ca-file=" + files.frontProxyCA.certificate,
		"--requestheader-allowed-names=" + frontProxy,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + files.frontProxy.certificate,
		"--proxy-client-key-file=" + files.frontProxy.key,
	}, inherited)
}

// runAPIServer is upstream's command with one difference: it serves on a listener that it inherits.
func runAPIServer(arguments []string) error {
	server := options.NewServerRunOptions()
	flags := pflag.NewFlagSet(apiServer, pflag.ContinueOnError)
	for _, set := range server.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if err := server.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	if err := logsapi.ValidateAndApply(server.Logs, nil); err != nil {
		return err
	}
	var err error
	if server.SecureServing.Listener, err = net.FileListener(os.NewFile(listenerFile, "listener")); err != nil {
		return err
	}
	part.EndAtOnce()
	ctx := context.Background()
	completed, err := server.Complete(ctx)
	if err != nil {
		return err
	}
	if err := errors.NewAggregate(completed.Validate()); err != nil {
		return err
	}
	return app.Run(ctx, completed)
}
