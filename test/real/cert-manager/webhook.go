package main

import (
	"context"
	"crypto/tls"
	_ "embed"
	"encoding/base64"
	"net"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/cert"
	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/internal/webhook"
	handlers "github.com/cert-manager/cert-manager/pkg/webhook/admission"
	webhookoptions "github.com/cert-manager/cert-manager/pkg/webhook/options"
)

//go:embed webhook.yaml
var registrations string

// serveWebhook serves cert-manager's admission chain on a free loopback port, and returns the manifests that register it. Upstream's
// own server around the chain would listen on every interface.
func serveWebhook(kubeconfig string) (string, error) {
	config, err := webhookoptions.NewWebhookConfiguration()
	if err != nil {
		return "", err
	}
	config.KubeConfig = kubeconfig
	upstream, err := webhook.NewCertManagerWebhookServer(klog.Background(), *config)
	if err != nil {
		return "", err
	}
	certificate, key, err := cert.GenerateSelfSignedCertKey("127.0.0.1", nil, nil)
	if err != nil {
		return "", err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.Handle("/mutate", handlers.NewCustomMutationWebhook(upstream.MutationWebhook))
	mux.Handle("/validate", handlers.NewCustomValidationWebhook(upstream.ResourceScheme, upstream.ValidationWebhook))
	server := &http.Server{Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
	go func() { klog.Fatal(server.ServeTLS(listener, "", "")) }()

	url, bundle := "https://"+listener.Addr().String(), base64.StdEncoding.EncodeToString(certificate)
	return strings.NewReplacer("URL", url, "CERT", bundle).Replace(registrations), nil
}

// register makes the API server ask the webhook.
func (c cluster) register(ctx context.Context, manifests string) error {
	for i, resource := range []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"} {
		group := schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: resource}
		if _, err := c.apply(ctx, group, strings.Split(manifests, "\n---\n")[i]); err != nil {
			return err
		}
	}
	return nil
}
