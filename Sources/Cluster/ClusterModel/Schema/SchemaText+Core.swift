/// Fields of the Kubernetes API, one type to an entry; ``SchemaText`` says how they are written.
///
/// Source: Kubernetes v1.32, the API's types.
extension SchemaText {
    /// The core group without volumes.
    static let core = """
        Event: action 12 string, apiVersion string, count 8 int32, eventTime 10 microTime, firstTimestamp 6 time,
          involvedObject* 2 ObjectReference, kind string, lastTimestamp 7 time, message 4 string, metadata* 1
          ObjectMeta, reason 3 string, related 13 ObjectReference, reportingComponent 14 string, reportingInstance 15
          string, series 11 EventSeries, source 5 EventSource, type 9 string
        EventSeries: count 1 int32, lastObservedTime 2 microTime
        Affinity: nodeAffinity 1 NodeAffinity, podAffinity 2 PodAffinity, podAntiAffinity 3 PodAntiAffinity
        AppArmorProfile: localhostProfile 2 string, type* 1 string
        AttachedVolume: devicePath* 2 string, name* 1 string
        Binding: apiVersion string, kind string, metadata 1 ObjectMeta, target* 2 ObjectReference
        Capabilities: add 1 [string], drop 2 [string]
        Condition: lastTransitionTime* 4 time, message* 6 string, observedGeneration 3 int64, reason* 5 string, status*
          2 string, type* 1 string
        ConfigMap: apiVersion string, binaryData 3 {bytes}, data 2 {string}, immutable 4 bool, kind string, metadata 1
          ObjectMeta
        ConfigMapEnvSource: name 1.1 string, optional 2 bool
        ConfigMapKeySelector: key* 2 string, name 1.1 string, optional 3 bool
        ConfigMapNodeConfigSource: kubeletConfigKey* 5 string, name* 2 string, namespace* 1 string, resourceVersion 4
          string, uid 3 string
        Container: args 4 [string], command 3 [string], env 7 [EnvVar] by name, envFrom 19 [EnvFromSource], image 2
          string, imagePullPolicy 14 string, lifecycle 12 Lifecycle, livenessProbe 10 Probe, name* 1 string, ports 6
          [ContainerPort] by containerPort, readinessProbe 11 Probe, resizePolicy 23 [ContainerResizePolicy], resources
          8 ResourceRequirements, restartPolicy 24 string, securityContext 15 SecurityContext, startupProbe 22 Probe,
          stdin 16 bool, stdinOnce 17 bool, terminationMessagePath 13 string, terminationMessagePolicy 20 string, tty 18
          bool, volumeDevices 21 [VolumeDevice] by devicePath, volumeMounts 9 [VolumeMount] by mountPath, workingDir 5
          string
        ContainerImage: names 1 [string], sizeBytes 2 int64
        ContainerPort: containerPort* 3 int32, hostIP 5 string, hostPort 2 int32, name 1 string, protocol 4 string
        ContainerResizePolicy: resourceName* 1 string, restartPolicy* 2 string
        ContainerState: running 2 ContainerStateRunning, terminated 3 ContainerStateTerminated, waiting 1
          ContainerStateWaiting
        ContainerStateRunning: startedAt 1 time
        ContainerStateTerminated: containerID 7 string, exitCode* 1 int32, finishedAt 6 time, message 4 string, reason 3
          string, signal 2 int32, startedAt 5 time
        ContainerStateWaiting: message 2 string, reason 1 string
        ContainerStatus: allocatedResources 10 {quantity}, allocatedResourcesStatus 14 [ResourceStatus], containerID 8
          string, image* 6 string, imageID* 7 string, lastState 3 ContainerState, name* 1 string, ready* 4 bool,
          resources 11 ResourceRequirements, restartCount* 5 int32, started 9 bool, state 2 ContainerState, user 13
          ContainerUser, volumeMounts 12 [VolumeMountStatus] by mountPath
        ContainerUser: linux 1 LinuxContainerUser
        DaemonEndpoint: Port* 1 int32
        EnvFromSource: configMapRef 2 ConfigMapEnvSource, prefix 1 string, secretRef 3 SecretEnvSource
        EnvVar: name* 1 string, value 2 string, valueFrom 3 EnvVarSource
        EnvVarSource: configMapKeyRef 3 ConfigMapKeySelector, fieldRef 1 ObjectFieldSelector, resourceFieldRef 2
          ResourceFieldSelector, secretKeyRef 4 SecretKeySelector
        EphemeralContainer: args 1.4 [string], command 1.3 [string], env 1.7 [EnvVar] by name, envFrom 1.19
          [EnvFromSource], image 1.2 string, imagePullPolicy 1.14 string, lifecycle 1.12 Lifecycle, livenessProbe 1.10
          Probe, name* 1.1 string, ports 1.6 [ContainerPort] by containerPort, readinessProbe 1.11 Probe, resizePolicy
          1.23 [ContainerResizePolicy], resources 1.8 ResourceRequirements, restartPolicy 1.24 string, securityContext
          1.15 SecurityContext, startupProbe 1.22 Probe, stdin 1.16 bool, stdinOnce 1.17 bool, targetContainerName 2
          string, terminationMessagePath 1.13 string, terminationMessagePolicy 1.20 string, tty 1.18 bool, volumeDevices
          1.21 [VolumeDevice] by devicePath, volumeMounts 1.9 [VolumeMount] by mountPath, workingDir 1.5 string
        EventSource: component 1 string, host 2 string
        ExecAction: command 1 [string]
        GRPCAction: port* 1 int32, service 2 string
        HTTPGetAction: host 3 string, httpHeaders 5 [HTTPHeader], path 1 string, port* 2 intOrString, scheme 4 string
        HTTPHeader: name* 1 string, value* 2 string
        HostAlias: hostnames 2 [string], ip* 1 string
        HostIP: ip* 1 string
        Lifecycle: postStart 1 LifecycleHandler, preStop 2 LifecycleHandler
        LifecycleHandler: exec 1 ExecAction, httpGet 2 HTTPGetAction, sleep 4 SleepAction, tcpSocket 3 TCPSocketAction
        LinuxContainerUser: gid* 2 int32, supplementalGroups 3 [int64], uid* 1 int32
        LocalObjectReference: name 1 string
        Namespace: apiVersion string, kind string, metadata 1 ObjectMeta, spec 2 NamespaceSpec, status 3 NamespaceStatus
        NamespaceCondition: lastTransitionTime 4 time, message 6 string, reason 5 string, status* 2 string, type* 1
          string
        NamespaceSpec: finalizers 1 [string]
        NamespaceStatus: conditions 2 [NamespaceCondition] by type, phase 1 string
        Node: apiVersion string, kind string, metadata 1 ObjectMeta, spec 2 NodeSpec, status 3 NodeStatus
        NodeAddress: address* 2 string, type* 1 string
        NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution 2 [PreferredSchedulingTerm],
          requiredDuringSchedulingIgnoredDuringExecution 1 NodeSelector
        NodeCondition: lastHeartbeatTime 3 time, lastTransitionTime 4 time, message 6 string, reason 5 string, status* 2
          string, type* 1 string
        NodeConfigSource: configMap 2 ConfigMapNodeConfigSource
        NodeConfigStatus: active 2 NodeConfigSource, assigned 1 NodeConfigSource, error 4 string, lastKnownGood 3
          NodeConfigSource
        NodeDaemonEndpoints: kubeletEndpoint 1 DaemonEndpoint
        NodeFeatures: supplementalGroupsPolicy 1 bool
        NodeRuntimeHandler: features 2 NodeRuntimeHandlerFeatures, name 1 string
        NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts 1 bool, userNamespaces 2 bool
        NodeSelector: nodeSelectorTerms* 1 [NodeSelectorTerm]
        NodeSelectorRequirement: key* 1 string, operator* 2 string, values 3 [string]
        NodeSelectorTerm: matchExpressions 1 [NodeSelectorRequirement], matchFields 2 [NodeSelectorRequirement]
        NodeSpec: configSource 6 NodeConfigSource, externalID 2 string, podCIDR 1 string, podCIDRs 7 [string] merged,
          providerID 3 string, taints 5 [Taint], unschedulable 4 bool
        NodeStatus: addresses 5 [NodeAddress] by type, allocatable 2 {quantity}, capacity 1 {quantity}, conditions 4
          [NodeCondition] by type, config 11 NodeConfigStatus, daemonEndpoints 6 NodeDaemonEndpoints, features 13
          NodeFeatures, images 8 [ContainerImage], nodeInfo 7 NodeSystemInfo, phase 3 string, runtimeHandlers 12
          [NodeRuntimeHandler], volumesAttached 10 [AttachedVolume], volumesInUse 9 [string]
        NodeSystemInfo: architecture* 10 string, bootID* 3 string, containerRuntimeVersion* 6 string, kernelVersion* 4
          string, kubeProxyVersion* 8 string, kubeletVersion* 7 string, machineID* 1 string, operatingSystem* 9 string,
          osImage* 5 string, systemUUID* 2 string
        ObjectFieldSelector: apiVersion 1 string, fieldPath* 2 string
        ObjectReference: apiVersion 5 string, fieldPath 7 string, kind 1 string, name 3 string, namespace 2 string,
          resourceVersion 6 string, uid 4 string
        Pod: apiVersion string, kind string, metadata 1 ObjectMeta, spec 2 PodSpec, status 3 PodStatus
        PodAffinity: preferredDuringSchedulingIgnoredDuringExecution 2 [WeightedPodAffinityTerm],
          requiredDuringSchedulingIgnoredDuringExecution 1 [PodAffinityTerm]
        PodAffinityTerm: labelSelector 1 LabelSelector, matchLabelKeys 5 [string], mismatchLabelKeys 6 [string],
          namespaceSelector 4 LabelSelector, namespaces 2 [string], topologyKey* 3 string
        PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution 2 [WeightedPodAffinityTerm],
          requiredDuringSchedulingIgnoredDuringExecution 1 [PodAffinityTerm]
        PodCondition: lastProbeTime 3 time, lastTransitionTime 4 time, message 6 string, reason 5 string, status* 2
          string, type* 1 string
        PodDNSConfig: nameservers 1 [string], options 3 [PodDNSConfigOption], searches 2 [string]
        PodDNSConfigOption: name 1 string, value 2 string
        PodIP: ip* 1 string
        PodOS: name* 1 string
        PodReadinessGate: conditionType* 1 string
        PodResourceClaim: name* 1 string, resourceClaimName 3 string, resourceClaimTemplateName 4 string
        PodResourceClaimStatus: name* 1 string, resourceClaimName 2 string
        PodSchedulingGate: name* 1 string
        PodSecurityContext: appArmorProfile 11 AppArmorProfile, fsGroup 5 int64, fsGroupChangePolicy 9 string,
          runAsGroup 6 int64, runAsNonRoot 3 bool, runAsUser 2 int64, seLinuxChangePolicy 13 string, seLinuxOptions 1
          SELinuxOptions, seccompProfile 10 SeccompProfile, supplementalGroups 4 [int64], supplementalGroupsPolicy 12
          string, sysctls 7 [Sysctl], windowsOptions 8 WindowsSecurityContextOptions
        PodSpec: activeDeadlineSeconds 5 int64, affinity 18 Affinity, automountServiceAccountToken 21 bool, containers*
          2 [Container] by name, dnsConfig 26 PodDNSConfig, dnsPolicy 6 string, enableServiceLinks 30 bool,
          ephemeralContainers 34 [EphemeralContainer] by name, hostAliases 23 [HostAlias] by ip, hostIPC 13 bool,
          hostNetwork 11 bool, hostPID 12 bool, hostUsers 37 bool, hostname 16 string, imagePullSecrets 15
          [LocalObjectReference] by name, initContainers 20 [Container] by name, nodeName 10 string, nodeSelector 7
          {string}, os 36 PodOS, overhead 32 {quantity}, preemptionPolicy 31 string, priority 25 int32,
          priorityClassName 24 string, readinessGates 28 [PodReadinessGate], resourceClaims 39 [PodResourceClaim] by
          name retaining, resources 40 ResourceRequirements, restartPolicy 3 string, runtimeClassName 29 string,
          schedulerName 19 string, schedulingGates 38 [PodSchedulingGate] by name, securityContext 14
          PodSecurityContext, serviceAccount 9 string, serviceAccountName 8 string, setHostnameAsFQDN 35 bool,
          shareProcessNamespace 27 bool, subdomain 17 string, terminationGracePeriodSeconds 4 int64, tolerations 22
          [Toleration], topologySpreadConstraints 33 [TopologySpreadConstraint] by topologyKey, volumes 1 [Volume] by
          name retaining
        PodStatus: conditions 2 [PodCondition] by type, containerStatuses 8 [ContainerStatus],
          ephemeralContainerStatuses 13 [ContainerStatus], hostIP 5 string, hostIPs 16 [HostIP] by ip,
          initContainerStatuses 10 [ContainerStatus], message 3 string, nominatedNodeName 11 string, phase 1 string,
          podIP 6 string, podIPs 12 [PodIP] by ip, qosClass 9 string, reason 4 string, resize 14 string,
          resourceClaimStatuses 15 [PodResourceClaimStatus] by name, startTime 7 time
        PreferredSchedulingTerm: preference* 2 NodeSelectorTerm, weight* 1 int32
        Probe: exec 1.1 ExecAction, failureThreshold 6 int32, grpc 1.4 GRPCAction, httpGet 1.2 HTTPGetAction,
          initialDelaySeconds 2 int32, periodSeconds 4 int32, successThreshold 5 int32, tcpSocket 1.3 TCPSocketAction,
          terminationGracePeriodSeconds 7 int64, timeoutSeconds 3 int32
        ResourceClaim: name* 1 string, request 2 string
        ResourceFieldSelector: containerName 1 string, divisor 3 quantity, resource* 2 string
        ResourceHealth: health 2 string, resourceID* 1 string
        ResourceRequirements: claims 3 [ResourceClaim], limits 1 {quantity}, requests 2 {quantity}
        ResourceStatus: name* 1 string, resources 2 [ResourceHealth]
        SELinuxOptions: level 4 string, role 2 string, type 3 string, user 1 string
        SeccompProfile: localhostProfile 2 string, type* 1 string
        Secret: apiVersion string, data 2 {bytes}, immutable 5 bool, kind string, metadata 1 ObjectMeta, stringData 4
          {string}, type 3 string
        SecretEnvSource: name 1.1 string, optional 2 bool
        SecretKeySelector: key* 2 string, name 1.1 string, optional 3 bool
        SecurityContext: allowPrivilegeEscalation 7 bool, appArmorProfile 12 AppArmorProfile, capabilities 1
          Capabilities, privileged 2 bool, procMount 9 string, readOnlyRootFilesystem 6 bool, runAsGroup 8 int64,
          runAsNonRoot 5 bool, runAsUser 4 int64, seLinuxOptions 3 SELinuxOptions, seccompProfile 11 SeccompProfile,
          windowsOptions 10 WindowsSecurityContextOptions
        SleepAction: seconds* 1 int32
        Sysctl: name* 1 string, value* 2 string
        TCPSocketAction: host 2 string, port* 1 intOrString
        Taint: effect* 3 string, key* 1 string, timeAdded 4 time, value 2 string
        Toleration: effect 4 string, key 1 string, operator 2 string, tolerationSeconds 5 int64, value 3 string
        TopologySpreadConstraint: labelSelector 4 LabelSelector, matchLabelKeys 8 [string], maxSkew* 1 int32, minDomains
          5 int32, nodeAffinityPolicy 6 string, nodeTaintsPolicy 7 string, topologyKey* 2 string, whenUnsatisfiable* 3
          string
        WeightedPodAffinityTerm: podAffinityTerm* 2 PodAffinityTerm, weight* 1 int32
        WindowsSecurityContextOptions: gmsaCredentialSpec 2 string, gmsaCredentialSpecName 1 string, hostProcess 4 bool,
          runAsUserName 3 string
        """
}
