{{- define "remoteexec.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The labels that pods are selected by: dict "root" $ "component" NAME. */}}
{{- define "remoteexec.selector" -}}
app.kubernetes.io/name: remoteexec
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "remoteexec.labels" -}}
{{ include "remoteexec.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "remoteexec.image" -}}
{{- required "image.repository is missing: name the image of remoteexec, as registry.example.com/remoteexec" .Values.image.repository -}}
:{{ .Values.image.tag | default .Chart.AppVersion -}}
{{- end -}}

{{- define "remoteexec.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "remoteexec.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "remoteexec.workerSecret" -}}
{{- .Values.workerAuth.existingSecret | default (printf "%s-worker-tokens" (include "remoteexec.fullname" .)) -}}
{{- end -}}

{{- define "remoteexec.tlsSecret" -}}
{{- if .Values.tls.certManager.enabled -}}
{{ include "remoteexec.fullname" . }}-tls
{{- else -}}
{{- required "tls.existingSecret is missing: name a Secret with tls.crt and tls.key, or let cert-manager make one (tls.certManager.enabled)" .Values.tls.existingSecret -}}
{{- end -}}
{{- end -}}

{{/* Whether servers speak TLS to each other. */}}
{{- define "remoteexec.serversTls" -}}
{{- if and .Values.tls.servers.enabled (eq .Values.mode "cluster") }}yes{{ end -}}
{{- end -}}

{{- define "remoteexec.serversTlsSecret" -}}
{{- if .Values.tls.certManager.enabled -}}
{{ include "remoteexec.fullname" . }}-servers-tls
{{- else -}}
{{- required "tls.servers.existingSecret is missing: name a Secret with tls.crt, tls.key and ca.crt, or let cert-manager make one (tls.certManager.enabled)" .Values.tls.servers.existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "remoteexec.serversTokenSecret" -}}
{{- .Values.tls.servers.tokenSecret | default (printf "%s-server-tokens" (include "remoteexec.fullname" .)) -}}
{{- end -}}

{{/* dict "root" $ "component" NAME: the Secret with the certificate of a server; nothing if it has none. */}}
{{- define "remoteexec.tlsSecretOf" -}}
{{- if include "remoteexec.takesClients" . }}
{{- if .root.Values.tls.enabled }}{{ include "remoteexec.tlsSecret" .root }}{{ end -}}
{{- else if include "remoteexec.serversTls" .root }}{{ include "remoteexec.serversTlsSecret" .root }}{{ end -}}
{{- end -}}

{{- define "remoteexec.s3Secret" -}}
{{- if .Values.s3.dev -}}{{ include "remoteexec.fullname" . }}-dev-s3{{- else -}}{{ .Values.s3.existingSecret }}{{- end -}}
{{- end -}}

{{/* What holds for a pool: its own settings over poolDefaults. */}}
{{- define "remoteexec.pool" -}}
{{- mergeOverwrite (deepCopy .root.Values.poolDefaults) (deepCopy (default dict .pool)) | toYaml -}}
{{- end -}}

{{/* Whether somebody starts workers when they are wanted. */}}
{{- define "remoteexec.isScaled" -}}
{{- $root := . -}}
{{- range $name, $pool := .Values.pools -}}
{{- $all := include "remoteexec.pool" (dict "root" $root "pool" $pool) | fromYaml -}}
{{- if ne $all.autoscaling.type "none" -}}yes{{- end -}}
{{- end -}}
{{- end -}}
