/// What is wrong with a manifest or a trace, and where.
package struct ManifestError: Error, CustomStringConvertible, Equatable {
    /// Such as `pod.yaml: document 2: spec.containers[0].resources.requests.cpu`.
    package var path: String
    package var problem: String

    package init(_ path: String, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    package var description: String { "\(path): \(problem)" }
}
