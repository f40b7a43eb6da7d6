{{/* Parts of pods of servers: dict "root" $ "component" NAME, where NAME is single, storage, front or scheduler. */}}

{{/* In mode: single the server is what clients speak to, so that it goes by the same name for Services and policies. */}}
{{- define "remoteexec.component" -}}
{{- ternary "front" .component (eq .component "single") -}}
{{- end -}}

{{- define "remoteexec.takesClients" -}}
{{- if or (eq .component "single") (eq .component "front") }}yes{{ end -}}
{{- end -}}

{{- define "remoteexec.joinsWorkers" -}}
{{- if and .root.Values.execution.enabled (ne .component "storage") }}yes{{ end -}}
{{- end -}}

{{- define "remoteexec.hasBucket" -}}
{{- if and (or .root.Values.s3.bucket .root.Values.s3.dev) (or (eq .component "single") (eq .component "storage")) }}yes{{ end -}}
{{- end -}}

{{/* Who shows other servers a token, and trusts their certificates. */}}
{{- define "remoteexec.callsServers" -}}
{{- if and (include "remoteexec.serversTls" .root) (or (eq .component "front") (eq .component "scheduler")) }}yes{{ end -}}
{{- end -}}

{{/* Who asks other servers for one. */}}
{{- define "remoteexec.asksServers" -}}
{{- if and (include "remoteexec.serversTls" .root) (or (eq .component "storage") (and (eq .component "scheduler") (include "remoteexec.knowsCallers" .root))) }}yes{{ end -}}
{{- end -}}

{{- define "remoteexec.serverPod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "remoteexec.selector" (dict "root" $root "component" (include "remoteexec.component" .)) | nindent 4 }}
    remoteexec/kind: server
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "remoteexec.config" . | sha256sum }}
    {{- with $root.Values.pod.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "remoteexec.serviceAccount" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $root.Values.shutdown.serverGraceSeconds }}
  {{- with $root.Values.pod.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $root.Values.pod.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.pod.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: {{ $root.Values.pod.runAsUser }}
    runAsGroup: {{ $root.Values.pod.runAsUser }}
    fsGroup: {{ $root.Values.pod.runAsUser }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  {{- if ne .component "single" }}
  {{- include "remoteexec.spread" . | nindent 2 }}
  {{- end }}
  containers:
    - name: remoteexec
      image: {{ include "remoteexec.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        {{- include "remoteexec.serverArgs" . | nindent 8 }}
      env:
        {{- include "remoteexec.serverEnv" . | nindent 8 }}
      ports:
        - { name: grpc, containerPort: 8980 }
        - { name: http, containerPort: 8981 }
        {{- if include "remoteexec.joinsWorkers" . }}
        - { name: workers, containerPort: 8982 }
        {{- end }}
      {{- include "remoteexec.probes" . | nindent 6 }}
      {{- if and $root.Values.shutdown.preStopSeconds (semverCompare ">=1.30.0-0" $root.Capabilities.KubeVersion.Version) }}
      lifecycle: { preStop: { sleep: { seconds: {{ $root.Values.shutdown.preStopSeconds }} } } }
      {{- end }}
      resources:
        {{- toYaml (get $root.Values .component).resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ ALL ] }
      volumeMounts:
        {{- include "remoteexec.serverMounts" . | nindent 8 }}
  volumes:
    {{- include "remoteexec.serverVolumes" . | nindent 4 }}
{{- end -}}

{{- define "remoteexec.serverArgs" -}}
- serve
- --config
- /etc/remoteexec/config/config.yaml
{{- if include "remoteexec.hasBucket" . }}
- --set
- stores.bucket.s3.prefix={{ .root.Values.s3.prefix }}$(POD_NAME)/
{{- end }}
{{- if eq .component "scheduler" }}
- --set
- execution.scheduler.advertise.grpc={{ include "remoteexec.serverScheme" .root }}://$(POD_IP):8980
- --set
- execution.scheduler.advertise.workers={{ include "remoteexec.serverScheme" .root }}://$(POD_IP):8982
{{- end }}
{{- end -}}

{{- define "remoteexec.serverEnv" -}}
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
{{- if eq .component "scheduler" }}
- { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
{{- end }}
{{- if include "remoteexec.hasBucket" . }}
{{- with include "remoteexec.s3Secret" .root }}
- { name: AWS_ACCESS_KEY_ID, valueFrom: { secretKeyRef: { name: {{ . }}, key: AWS_ACCESS_KEY_ID } } }
- { name: AWS_SECRET_ACCESS_KEY, valueFrom: { secretKeyRef: { name: {{ . }}, key: AWS_SECRET_ACCESS_KEY } } }
{{- end }}
{{- end }}
{{- with .root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The kubelet asks for gRPC's health in plain text alone; of servers that speak TLS it asks over HTTPS. */}}
{{- define "remoteexec.probes" -}}
{{- if include "remoteexec.tlsSecretOf" . -}}
{{- $ask := "httpGet: { scheme: HTTPS, port: http, path: /healthz }" -}}
startupProbe: { {{ $ask }}, periodSeconds: 2, failureThreshold: 150 }
readinessProbe: { {{ $ask }}, periodSeconds: 5, failureThreshold: 2 }
livenessProbe: { {{ $ask }}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
{{- else -}}
startupProbe: { grpc: { port: 8980 }, periodSeconds: 2, failureThreshold: 150 }
readinessProbe: { grpc: { port: 8980 }, periodSeconds: 5, failureThreshold: 2 }
livenessProbe: { tcpSocket: { port: grpc }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
{{- end }}
{{- end -}}

{{- define "remoteexec.serverMounts" -}}
- { name: data, mountPath: /data }
- { name: tmp, mountPath: /tmp }
- { name: config, mountPath: /etc/remoteexec/config, readOnly: true }
{{- if include "remoteexec.joinsWorkers" . }}
- { name: worker-tokens, mountPath: /etc/remoteexec/worker-tokens, readOnly: true }
{{- end }}
{{- if include "remoteexec.tlsSecretOf" . }}
- { name: tls, mountPath: /etc/remoteexec/tls, readOnly: true }
{{- end }}
{{- if include "remoteexec.callsServers" . }}
- { name: servers, mountPath: /etc/remoteexec/servers, readOnly: true }
- { name: server-token, mountPath: /etc/remoteexec/server-token, readOnly: true }
{{- end }}
{{- if include "remoteexec.asksServers" . }}
- { name: server-tokens, mountPath: /etc/remoteexec/server-tokens, readOnly: true }
{{- end }}
{{- if and .root.Values.operators.existingSecret (ne .component "storage") }}
- { name: operators, mountPath: /etc/remoteexec/operators, readOnly: true }
{{- end }}
{{- if and .root.Values.redis.existingSecret (or (eq .component "front") (eq .component "scheduler")) }}
- { name: redis, mountPath: /etc/remoteexec/redis, readOnly: true }
{{- end }}
{{- range $i, $name := .root.Values.extraSecrets }}
- { name: secret-{{ $i }}, mountPath: /etc/remoteexec/secrets/{{ $name }}, readOnly: true }
{{- end }}
{{- end -}}

{{- define "remoteexec.serverVolumes" -}}
{{- if or (eq .component "front") (eq .component "scheduler") -}}
- { name: data, emptyDir: { sizeLimit: {{ .root.Values.front.scratch }} } }
{{ end -}}
- { name: tmp, emptyDir: {} }
- { name: config, configMap: { name: {{ include "remoteexec.fullname" .root }}-{{ include "remoteexec.component" . }} } }
{{- if include "remoteexec.joinsWorkers" . }}
- { name: worker-tokens, secret: { secretName: {{ include "remoteexec.workerSecret" .root }}, defaultMode: 288 } }
{{- end }}
{{- with include "remoteexec.tlsSecretOf" . }}
- { name: tls, secret: { secretName: {{ . }}, items: [ { key: tls.crt, path: tls.crt }, { key: tls.key, path: tls.key } ], defaultMode: 288 } }
{{- end }}
{{- if include "remoteexec.callsServers" . }}
- { name: servers, secret: { secretName: {{ include "remoteexec.serversTlsSecret" .root }}, items: [ { key: ca.crt, path: ca.crt } ], defaultMode: 288 } }
- { name: server-token, secret: { secretName: {{ include "remoteexec.serversTokenSecret" .root }}, items: [ { key: token, path: token } ], defaultMode: 288 } }
{{- end }}
{{- if include "remoteexec.asksServers" . }}
- { name: server-tokens, secret: { secretName: {{ include "remoteexec.serversTokenSecret" .root }}, items: [ { key: tokens, path: tokens } ], defaultMode: 288 } }
{{- end }}
{{- if and .root.Values.operators.existingSecret (ne .component "storage") }}
- { name: operators, secret: { secretName: {{ .root.Values.operators.existingSecret }}, defaultMode: 288 } }
{{- end }}
{{- if and .root.Values.redis.existingSecret (or (eq .component "front") (eq .component "scheduler")) }}
- { name: redis, secret: { secretName: {{ .root.Values.redis.existingSecret }}, defaultMode: 288 } }
{{- end }}
{{- range $i, $name := .root.Values.extraSecrets }}
- { name: secret-{{ $i }}, secret: { secretName: {{ $name }}, defaultMode: 288 } }
{{- end }}
{{- end -}}

{{/* Pods of one kind keep away from each other's nodes if they can, and are spread over zones. */}}
{{- define "remoteexec.spread" -}}
{{- $labels := include "remoteexec.selector" (dict "root" .root "component" (include "remoteexec.component" .)) -}}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- $labels | nindent 14 }}
  {{- with .zone }}
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - matchExpressions: [ { key: topology.kubernetes.io/zone, operator: In, values: [ {{ . | quote }} ] } ]
  {{- end }}
{{- if not .zone }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: {{ .root.Values.topologyKey }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $labels | nindent 8 }}
{{- end }}
{{- end -}}

{{/* The disk of a server that keeps something: its section of the values. */}}
{{- define "remoteexec.claim" -}}
- metadata: { name: data }
  spec:
    accessModes: [ ReadWriteOnce ]
    {{- with .storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources: { requests: { storage: {{ .size }} } }
{{- end -}}
