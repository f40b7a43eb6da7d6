{{/* What a pool's `security` means. Root is not the node's root in a user namespace; elsewhere it has what it takes to run each action as a user of its own, and no more. */}}

{{- define "remoteexec.worker.podSecurity" -}}
{{- if eq .security "restricted" -}}
runAsNonRoot: true
runAsUser: {{ .root.Values.pod.runAsUser }}
runAsGroup: {{ .root.Values.pod.runAsUser }}
fsGroup: {{ .root.Values.pod.runAsUser }}
seccompProfile: { type: RuntimeDefault }
{{- else -}}
runAsUser: 0
seccompProfile: { type: {{ ternary "RuntimeDefault" "Unconfined" (eq .security "root") }} }
{{- end -}}
{{- end -}}

{{- define "remoteexec.worker.security" -}}
{{- if and .procMount (ne .security "userNamespace") -}}
{{- fail "procMount takes security: userNamespace: Kubernetes allows it nowhere else" -}}
{{- end -}}
{{- if and .tier (ne .tier "directory") (or (eq .security "root") (eq .security "restricted")) -}}
{{- fail (printf "the sandbox %s does not work with security: %s: take userNamespace or privileged" .tier .security) -}}
{{- end -}}
readOnlyRootFilesystem: true
{{- if eq .security "privileged" }}
privileged: true
{{- else if eq .security "userNamespace" }}
capabilities: { drop: [ ALL ], add: [ CHOWN, DAC_OVERRIDE, FOWNER, KILL, NET_ADMIN, SETGID, SETUID, SYS_ADMIN, SYS_CHROOT ] }
{{- with .procMount }}
procMount: {{ . }}
{{- end }}
{{- else if eq .security "root" }}
allowPrivilegeEscalation: false
capabilities: { drop: [ ALL ], add: [ CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, SYS_CHROOT ] }
{{- else }}
allowPrivilegeEscalation: false
capabilities: { drop: [ ALL ] }
{{- end }}
{{- end -}}
