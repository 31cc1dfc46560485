extension SchemaText {
    /// `pouch.io/v1`: what the pool has beyond Kubernetes.
    static let pouch = """
        IPPool: apiVersion string, kind string, metadata ObjectMeta, spec IPPoolSpec, status IPPoolStatus
        IPPoolSpec: addresses [string], cidr* string, gateway string, namespaceSelector LabelSelector, nodeSelector
          LabelSelector, podSelector LabelSelector
        IPPoolStatus: allocated int32, conditions [Condition] by type, free int32, observedGeneration int64
        PodGroup: apiVersion string, kind string, metadata ObjectMeta, spec PodGroupSpec, status PodGroupStatus
        PodGroupSpec: minMember* int32, queue string, topologyKey string
        PodGroupStatus: conditions [Condition] by type, failed int32, observedGeneration int64, phase string, running
          int32, scheduled int32, succeeded int32
        PrewarmJob: apiVersion string, kind string, metadata ObjectMeta, spec PrewarmJobSpec, status PrewarmJobStatus
        PrewarmJobSpec: batchSize intOrString, canary intOrString, deadlineSeconds int64, failureThreshold intOrString,
          imagePullSecrets [LocalObjectReference] by name, images* [string], maxParallel int32, nodeNames [string],
          nodeSelector {string}, paused bool, tolerations [Toleration], ttlSeconds int64
        PrewarmJobStatus: completionTime time, conditions [Condition] by type, failed int32, nodes [PrewarmNodeStatus]
          by name, observedGeneration int64, phase string, ready int32, startTime time, total int32
        PrewarmNodeStatus: message string, name* string, phase string
        Queue: apiVersion string, kind string, metadata ObjectMeta, spec QueueSpec, status QueueStatus
        QueueSpec: paused bool, priority int32, weight int32
        QueueStatus: allocated {quantity}, conditions [Condition] by type, minimumPriority int32, observedGeneration int64,
          oldestWaitSeconds int64, pending int32, running int32, weight number
        """
}
