# Sourced: one authority, and what each part shows of itself. They are made once for each life of the cluster.
# shellcheck shell=bash

# certificate NAME SUBJECT [EXTENSION]
certificate() {
  local name=$1 subject=$2 extension=${3:-extendedKeyUsage=clientAuth}
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" \
    -keyout "$certificates/$name.key" -out "$certificates/$name.csr" 2>/dev/null
  openssl x509 -req -days 365 -in "$certificates/$name.csr" -CA "$certificates/ca.crt" -CAkey "$certificates/ca.key" \
    -CAcreateserial -extfile <(printf '%s\n' "$extension") -out "$certificates/$name.crt" 2>/dev/null
}

# access NAME: a kubeconfig that shows the certificate of that name.
access() {
  cat <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: berth-dev
    cluster: { server: "$api", certificate-authority-data: $(base64 -w0 "$certificates/ca.crt") }
users:
  - name: $1
    user:
      client-certificate-data: $(base64 -w0 "$certificates/$1.crt")
      client-key-data: $(base64 -w0 "$certificates/$1.key")
contexts:
  - { name: berth-dev, context: { cluster: berth-dev, user: $1 } }
current-context: berth-dev
YAML
}

make_certificates() {
  [ -e "$kubeconfig" ] && return
  mkdir -p "$certificates"
  chmod 700 "$certificates"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=berth-dev-cluster \
    -keyout "$certificates/ca.key" -out "$certificates/ca.crt" 2>/dev/null
  openssl ecparam -genkey -name prime256v1 -noout -out "$certificates/service-accounts.key"
  local serving=extendedKeyUsage=serverAuth
  certificate api-server /CN=kube-apiserver \
    "$serving"$'\n'"subjectAltName=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:$api_service,IP:$node_address"
  certificate kubelet-server "/CN=$node" "$serving"$'\n'"subjectAltName=DNS:$node,IP:$node_address"
  certificate api-server-to-kubelet /O=system:masters/CN=kube-apiserver
  certificate admin /O=system:masters/CN=berth-dev-admin
  certificate controller-manager /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
  certificate proxy /CN=system:kube-proxy
  certificate policies /O=system:masters/CN=berth-dev-policies
  certificate kubelet "/O=system:nodes/CN=system:node:$node"
  local part
  for part in controller-manager scheduler proxy policies kubelet; do access $part >"$certificates/$part.kubeconfig"; done
  chmod 600 "$certificates"/*.kubeconfig
  (umask 077 && access admin >"$kubeconfig")
}
