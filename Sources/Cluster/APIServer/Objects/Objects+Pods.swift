package import ClusterModel
internal import ClusterStore
internal import JSON
internal import Units

/// What is done to pods besides changing them.
extension Objects {
    /// Gives a pod to a node, once and for all.
    ///
    /// - Throws: ``APIError/conflict(_:name:why:)`` when it has a node or is on its way out.
    package func bind(
        _ namespace: String, _ name: String, _ binding: APIObject, isDryRun: Bool = false
    ) async throws(APIError) {
        for _ in 0..<Self.mostAttempts {
            let found = try await get(Catalog.pod, namespace, name)
            let pod = try BindingRule.bound(found.object, by: binding, now: clock())
            if isDryRun { return }
            if try await replace(found, by: pod, Catalog.pod) != nil { return }
        }
        throw .conflict(Catalog.pod, name: name, why: "others keep changing the object; try again later")
    }

    /// One of several bindings that are written together.
    package struct BindingOrder: Sendable {
        package var namespace: String
        package var name: String
        package var binding: APIObject
    }

    /// Gives pods to nodes in one write; what becomes of one is nothing to the others.
    package func bind(_ orders: [BindingOrder]) async -> [Result<Void, APIError>] {
        var results: [Result<Void, APIError>?] = []
        var transactions: [Transaction] = []
        let now = clock()
        for order in orders {
            do throws(APIError) {
                let found = try await get(Catalog.pod, order.namespace, order.name)
                let pod = try BindingRule.bound(found.object, by: order.binding, now: now)
                let put = Put(
                    found.stored.key, ObjectCodec.encode(pod), terms: ObjectCodec.terms(of: pod, Catalog.pod))
                transactions.append(.replace(put, at: found.stored.modified))
                results.append(nil)
            } catch {
                results.append(.failure(error))
            }
        }
        var written = await store.commit(transactions).makeIterator()
        for index in results.indices where results[index] == nil {
            switch written.next() {
            case .success(let result) where result.succeeded:
                remember(result)
                results[index] = .success(())
            case .success:
                // Somebody was faster.
                let order = orders[index]
                results[index] = await Result { () async throws(APIError) in
                    try await bind(order.namespace, order.name, order.binding)
                }
            case .failure(let error): results[index] = .failure(APIError(error))
            case nil: results[index] = .failure(APIError(StoreError.closed))
            }
        }
        return results.compactMap { $0 }
    }

    /// Deletes a pod unless a disruption budget forbids it.
    ///
    /// - Throws: ``APIError/budgetSpent(why:)``.
    package func evict(
        _ namespace: String, _ name: String, _ options: DeleteOptions
    ) async throws(APIError) {
        let pod = try await get(Catalog.pod, namespace, name).object
        let budgets = try await list(Catalog.disruptionBudget, namespace)
        if let budget = try EvictionRule.budget(for: pod, among: budgets) {
            let now = clock()
            // Evictions at the same time cannot take the same disruption.
            _ = try await update(
                Catalog.disruptionBudget, namespace, budget.name, .status, isDryRun: options.isDryRun
            ) { (known) throws(APIError) in try EvictionRule.spent(known, for: name, now: now) }
        }
        _ = try await delete(Catalog.pod, namespace, name, options)
    }
}

extension Result where Failure == APIError {
    fileprivate init(_ body: () async throws(APIError) -> Success) async {
        do throws(APIError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
