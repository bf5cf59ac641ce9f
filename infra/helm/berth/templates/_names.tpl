{{- define "berth.name" -}}
{{- if contains "berth" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-berth" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "berth.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "berth.selector" . }}
{{- end }}

{{- /* Sandboxes let exactly the pods with these labels in. */}}
{{- define "berth.selector" -}}
app.kubernetes.io/name: berth
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "berth.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{- define "berth.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "berth.name" .) }}
{{- end }}

{{- define "berth.drainSeconds" -}}
{{ dig "drain_seconds" 30 .Values.settings | int }}
{{- end }}

{{- /* The settings that the chart knows; those of the values come on top. */}}
{{- define "berth.settings" -}}
{{- $known := dict
  "provider" "kubernetes"
  "host" (ternary "::" "0.0.0.0" .Values.ipv6)
  "port" 7420
  "kubernetes_namespace" .Values.sandboxes.namespace
  "kubernetes_controller_namespace" .Release.Namespace
  "kubernetes_controller_labels" (list "app.kubernetes.io/name=berth" (printf "app.kubernetes.io/instance=%s" .Release.Name))
  "kubernetes_guest_image" .Values.sandboxes.guestImage
  "kubernetes_registry" .Values.sandboxes.registry
  "kubernetes_registry_insecure" .Values.sandboxes.registryInsecure
  "kubernetes_registry_credentials" (ternary "/etc/berth/registry/config.json" "" (ne .Values.sandboxes.registryCredentialsSecret ""))
  "kubernetes_claims" .Values.sandboxes.claims
  "kubernetes_key_file" (printf "/etc/berth/keys/%s" .Values.secret.guestKey)
-}}
{{- toYaml (mergeOverwrite $known (deepCopy .Values.settings)) }}
{{- end }}
