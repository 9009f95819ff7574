package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	serviceRange = "10.0.0.0/24"
	frontProxy   = "front-proxy-client"
)

// credentials are the files by which the three programs, and whoever talks to them, know each other.
type credentials struct {
	ca, serving, serviceAccount, frontProxyCA, frontProxy keyPair
	// Kubeconfigs: one for people and tests, one for the controllers.
	admin, controllerManager string
}

// keyPair is a private key and its certificate: as files, and as what signs others.
type keyPair struct {
	certificate, key string
	x509             *x509.Certificate
	signer           crypto.Signer
}

// writeCredentials makes new credentials for a server at a URL, valid for a day.
func writeCredentials(dir, url string) (credentials, error) {
	w := writer{dir: dir}
	var c credentials
	c.ca = w.pair("ca", nil, authority("kubernetes"))
	c.frontProxyCA = w.pair("front-proxy-ca", nil, authority("front-proxy"))
	serving := leaf("kube-apiserver", x509.ExtKeyUsageServerAuth)
	serving.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}
	serving.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	c.serving = w.pair("kube-apiserver", &c.ca, serving)
	c.serviceAccount = w.pair("service-account", nil, authority("service-account"))
	c.frontProxy = w.pair(frontProxy, &c.frontProxyCA, leaf(frontProxy, x509.ExtKeyUsageClientAuth))
	admin := w.pair("admin", &c.ca, leaf("admin", x509.ExtKeyUsageClientAuth, "system:masters"))
	c.admin = w.kubeconfig("admin", url, c.ca, admin)
	controllers := w.pair(controllerManager, &c.ca, leaf("system:kube-controller-manager", x509.ExtKeyUsageClientAuth))
	c.controllerManager = w.kubeconfig(controllerManager, url, c.ca, controllers)
	return c, w.err
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
}

// leaf is a certificate of a name and, for a client, the groups it is in: to Kubernetes these are its organizations.
func leaf(name string, usage x509.ExtKeyUsage, groups ...string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}
}

// writer writes files into a folder until the first thing goes wrong, and does nothing from then on.
type writer struct {
	dir string
	err error
}

// pair makes a key and a certificate for it, signed by another pair or, without one, by itself.
func (w *writer) pair(name string, by *keyPair, template *x509.Certificate) keyPair {
	if w.err != nil {
		return keyPair{}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return w.fail(err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return w.fail(err)
	}
	template.NotBefore = time.Now().Add(-time.Minute)
	template.NotAfter = time.Now().Add(24 * time.Hour)
	if by == nil {
		by = &keyPair{x509: template, signer: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.x509, key.Public(), by.signer)
	if err != nil {
		return w.fail(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return w.fail(err)
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return w.fail(err)
	}
	return keyPair{
		certificate: w.pem(name+".crt", "CERTIFICATE", der),
		key:         w.pem(name+".key", "EC PRIVATE KEY", encoded),
		x509:        certificate,
		signer:      key,
	}
}

func (w *writer) pem(name, kind string, content []byte) string {
	path := filepath.Join(w.dir, name)
	if w.err == nil {
		w.err = os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
	}
	return path
}

// kubeconfig writes a kubeconfig with everything in it, so that it can be handed on as one file.
func (w *writer) kubeconfig(name, url string, ca, client keyPair) string {
	path := filepath.Join(w.dir, name+".kubeconfig")
	if w.err != nil {
		return path
	}
	config := api.NewConfig()
	config.Clusters["control-plane"] = &api.Cluster{Server: url, CertificateAuthority: ca.certificate}
	config.AuthInfos[name] = &api.AuthInfo{ClientCertificate: client.certificate, ClientKey: client.key}
	config.Contexts[name] = &api.Context{Cluster: "control-plane", AuthInfo: name}
	config.CurrentContext = name
	if w.err = api.FlattenConfig(config); w.err == nil {
		w.err = clientcmd.WriteToFile(*config, path)
	}
	return path
}

func (w *writer) fail(err error) keyPair {
	w.err = err
	return keyPair{}
}
