// Command cert-manager runs cert-manager's own controllers and its own webhook against a cluster, for self-signed and CA issuers.
//
//	cert-manager --kubeconfig FILE --dir DIR
//
// Its CRDs have to be there. It registers the webhook under a loopback URL and starts the controllers. Once the webhook refuses what it has to, it prints one line of JSON on stdout. Its log
// is stderr. It ends on SIGTERM and when stdin closes.
//
// What it does not have: the other issuers (ACME, Vault, Venafi), CertificateSigningRequests, the ingress and gateway shims, metrics,
// leader election, and the roles of the Helm chart: it acts with the rights of the kubeconfig.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"part"
)

// clusterResources is the namespace of what belongs to a ClusterIssuer, as the Helm chart has it.
const clusterResources = "cert-manager"

func main() {
	// Flags of its own: packages that it imports declare theirs globally, --kubeconfig among them.
	flags := flag.NewFlagSet("cert-manager", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of the cluster")
	flags.String("dir", "", "folder for files; it needs none")
	_ = flags.Parse(os.Args[1:])
	if *kubeconfig == "" {
		part.Exit(errors.New("cert-manager: --kubeconfig FILE is needed"))
	}
	logLikeUpstream()
	part.Run(func(ctx context.Context) error { return run(ctx, *kubeconfig) })
}

func run(ctx context.Context, kubeconfig string) error {
	target, err := connect(kubeconfig)
	if err != nil {
		return err
	}
	namespace := "{apiVersion: v1, kind: Namespace, metadata: {name: " + clusterResources + "}}"
	if _, err := target.apply(ctx, namespaceResource, namespace); err != nil {
		return err
	}
	manifests, err := serveWebhook(kubeconfig)
	if err != nil {
		return fmt.Errorf("webhook: not served: %w", err)
	}
	if err := target.register(ctx, manifests); err != nil {
		return err
	}
	failed, err := startControllers(ctx, kubeconfig)
	if err != nil {
		return fmt.Errorf("controllers: not started: %w", err)
	}
	if err := poll(ctx, func() error { return target.refusesWithoutType(ctx) }); err != nil {
		return fmt.Errorf("webhook: not asked in %s: %w", deadline, err)
	}
	if err := part.Ready(map[string]any{}); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// logLikeUpstream takes the verbosity of the Helm chart, which tells what each controller did.
func logLikeUpstream() {
	var level klog.Level
	_ = level.Set("2")
	log.SetLogger(klog.Background())
}
