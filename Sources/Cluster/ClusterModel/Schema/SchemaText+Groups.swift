/// Fields of the Kubernetes API, one type to an entry; ``SchemaText`` says how they are written.
///
/// Source: Kubernetes v1.32, the API's types.
extension SchemaText {
    /// What all kinds have.
    static let meta = """
        DeleteOptions: apiVersion string, dryRun 5 [string], gracePeriodSeconds 1 int64,
          ignoreStoreReadErrorWithClusterBreakingPotential 6 bool, kind string, orphanDependents 3 bool, preconditions 2
          Preconditions, propagationPolicy 4 string
        LabelSelector: matchExpressions 2 [LabelSelectorRequirement], matchLabels 1 {string}
        LabelSelectorRequirement: key* 1 string, operator* 2 string, values 3 [string]
        ManagedFieldsEntry: apiVersion 3 string, fieldsType 6 string, fieldsV1 7 any, manager 1 string, operation 2
          string, subresource 8 string, time 4 time
        ObjectMeta: annotations 12 {string}, creationTimestamp 8 time, deletionGracePeriodSeconds 10 int64,
          deletionTimestamp 9 time, finalizers 14 [string] merged, generateName 2 string, generation 7 int64, labels 11
          {string}, managedFields 17 [ManagedFieldsEntry], name 1 string, namespace 3 string, ownerReferences 13
          [OwnerReference] by uid, resourceVersion 6 string, selfLink 4 string, uid 5 string
        OwnerReference: apiVersion* 5 string, blockOwnerDeletion 7 bool, controller 6 bool, kind* 1 string, name* 3
          string, uid* 4 string
        Preconditions: resourceVersion 2 string, uid 1 string
        """

    /// `policy/v1`.
    static let policy = """
        Eviction: apiVersion string, deleteOptions 2 DeleteOptions, kind string, metadata 1 ObjectMeta
        PodDisruptionBudget: apiVersion string, kind string, metadata 1 ObjectMeta, spec 2 PodDisruptionBudgetSpec,
          status 3 PodDisruptionBudgetStatus
        PodDisruptionBudgetSpec: maxUnavailable 3 intOrString, minAvailable 1 intOrString, selector 2 LabelSelector,
          unhealthyPodEvictionPolicy 4 string
        PodDisruptionBudgetStatus: conditions 7 [Condition] by type, currentHealthy* 4 int32, desiredHealthy* 5 int32,
          disruptedPods 2 {time}, disruptionsAllowed* 3 int32, expectedPods* 6 int32, observedGeneration 1 int64
        """

    /// `scheduling.k8s.io/v1`.
    static let scheduling = """
        PriorityClass: apiVersion string, description 4 string, globalDefault 3 bool, kind string, metadata 1
          ObjectMeta, preemptionPolicy 5 string, value* 2 int32
        """

    /// `coordination.k8s.io/v1`.
    static let coordination = """
        Lease: apiVersion string, kind string, metadata 1 ObjectMeta, spec 2 LeaseSpec
        LeaseSpec: acquireTime 3 microTime, holderIdentity 1 string, leaseDurationSeconds 2 int32, leaseTransitions 5
          int32, preferredHolder 7 string, renewTime 4 microTime, strategy 6 string
        """
}
