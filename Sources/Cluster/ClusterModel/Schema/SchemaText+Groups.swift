/// Fields of the Kubernetes API, one type to an entry; ``SchemaText`` says how they are written.
///
/// Source: Kubernetes v1.32, the API's types.
extension SchemaText {
    /// What all kinds have.
    static let meta = """
        DeleteOptions: apiVersion string, dryRun [string], gracePeriodSeconds int64,
          ignoreStoreReadErrorWithClusterBreakingPotential bool, kind string, orphanDependents bool, preconditions
          Preconditions, propagationPolicy string
        LabelSelector: matchExpressions [LabelSelectorRequirement], matchLabels {string}
        LabelSelectorRequirement: key* string, operator* string, values [string]
        ManagedFieldsEntry: apiVersion string, fieldsType string, fieldsV1 any, manager string, operation string,
          subresource string, time time
        ObjectMeta: annotations {string}, creationTimestamp time, deletionGracePeriodSeconds int64, deletionTimestamp
          time, finalizers [string] merged, generateName string, generation int64, labels {string}, managedFields
          [ManagedFieldsEntry], name string, namespace string, ownerReferences [OwnerReference] by uid, resourceVersion
          string, selfLink string, uid string
        OwnerReference: apiVersion* string, blockOwnerDeletion bool, controller bool, kind* string, name* string, uid*
          string
        Preconditions: resourceVersion string, uid string
        """

    /// `policy/v1`.
    static let policy = """
        Eviction: apiVersion string, deleteOptions DeleteOptions, kind string, metadata ObjectMeta
        PodDisruptionBudget: apiVersion string, kind string, metadata ObjectMeta, spec PodDisruptionBudgetSpec, status
          PodDisruptionBudgetStatus
        PodDisruptionBudgetSpec: maxUnavailable intOrString, minAvailable intOrString, selector LabelSelector,
          unhealthyPodEvictionPolicy string
        PodDisruptionBudgetStatus: conditions [Condition] by type, currentHealthy* int32, desiredHealthy* int32,
          disruptedPods {time}, disruptionsAllowed* int32, expectedPods* int32, observedGeneration int64
        """

    /// `scheduling.k8s.io/v1`.
    static let scheduling = """
        PriorityClass: apiVersion string, description string, globalDefault bool, kind string, metadata ObjectMeta,
          preemptionPolicy string, value* int32
        """

    /// `coordination.k8s.io/v1`.
    static let coordination = """
        Lease: apiVersion string, kind string, metadata ObjectMeta, spec LeaseSpec
        LeaseSpec: acquireTime microTime, holderIdentity string, leaseDurationSeconds int32, leaseTransitions int32,
          preferredHolder string, renewTime microTime, strategy string
        """
}
