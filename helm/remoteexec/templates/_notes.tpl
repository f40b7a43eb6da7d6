{{- define "remoteexec.notes" -}}
{{- $host := .Values.service.host | default (printf "%s.%s.svc" (include "remoteexec.fullname" .) .Release.Namespace) -}}
{{- $grpc := printf "%s://%s:8980" (ternary "grpcs" "grpc" .Values.tls.enabled) $host -}}
{{- $http := printf "%s://%s:8981" (ternary "https" "http" .Values.tls.enabled) $host -}}
{{- if and .Values.ingress.enabled .Values.ingress.grpc.host }}{{ $grpc = printf "grpcs://%s" .Values.ingress.grpc.host }}{{ end -}}
{{- if and .Values.ingress.enabled .Values.ingress.http.host }}{{ $http = printf "https://%s" .Values.ingress.http.host }}{{ end -}}
# For Bazel, in .bazelrc; then: bazel build --config={{ ternary "remote" "cache" .Values.execution.enabled }} //...
build:cache --remote_cache={{ $grpc }} --config=events
{{- if .Values.execution.enabled }}
build:remote --remote_executor={{ $grpc }} --config=events
{{- end }}
build:events --bes_backend={{ $grpc }} --bes_results_url={{ $http }}/console/builds/ --bes_upload_mode=nowait_for_upload_complete
build:http-cache --remote_cache={{ $http }}

The console, for the browser: {{ $http }}/
{{- if not (or .Values.service.host .Values.ingress.enabled) }}
These names hold within the cluster; service.host and service.type make it others.
{{- end }}
{{- if and .Values.tls.enabled .Values.tls.ca }}
Clients that do not trust the authority that signed the certificate need it: --tls_certificate=ca.crt, which is in the Secret {{ include "remoteexec.tlsSecret" . }}.
{{- end }}
{{- if not .Values.tls.enabled }}
Without TLS (tls.enabled), who listens on the network reads what is sent.
{{- end }}
{{- if and (eq .Values.mode "cluster") (not .Values.tls.servers.enabled) }}
Servers speak to each other without TLS, and nobody shows them who he is (tls.servers): it is the NetworkPolicies that keep others away.
{{- else if and (include "remoteexec.serversTls" .) .Values.execution.enabled (not (include "remoteexec.knowsCallers" .)) }}
Front ends do not ask who calls (front.config.auth), so the schedulers can't either: it is the NetworkPolicies that keep others away from both.
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.tls.enabled) }}
TLS ends at the Ingress: where callers are told apart (front.config.auth), front ends start only with front.config.insecure: true.
{{- end }}
{{- if and .Values.execution.enabled (not .Values.pools) }}
No workers are started: name a pool (pools), or actions wait for workers from elsewhere.
{{- end }}
{{- if or .Values.redis.dev .Values.s3.dev }}
Redis or S3 of this release are to try: what they keep is gone when their pods end.
{{- end }}
{{- end -}}
