/// What is wrong with one field of an object, worded as Kubernetes does.
///
/// Source: Kubernetes API conventions, "Response Status Kind", causes.
package struct FieldError: Error, Equatable, Sendable {
    package enum Problem: Equatable, Sendable {
        case required
        /// `found` as JSON shows it.
        case invalid(found: String)
        case notSupported(found: String, supported: [String])
        case forbidden
        case duplicate(found: String)
        case tooLong(limit: Int)
        case typeInvalid(found: String)
        case notFound(found: String)
    }

    /// Such as `spec.containers[0].name`.
    package let path: String
    package let problem: Problem
    package let detail: String

    package init(_ path: String, _ problem: Problem, _ detail: String = "") {
        self.path = path
        self.problem = problem
        self.detail = detail
    }

    /// The machine's word for it.
    package var reason: String {
        switch problem {
        case .required: "FieldValueRequired"
        case .invalid: "FieldValueInvalid"
        case .notSupported: "FieldValueNotSupported"
        case .forbidden: "FieldValueForbidden"
        case .duplicate: "FieldValueDuplicate"
        case .tooLong: "FieldValueTooLong"
        case .typeInvalid: "FieldValueTypeInvalid"
        case .notFound: "FieldValueNotFound"
        }
    }

    /// Without the path.
    package var summary: String {
        switch problem {
        case .required: join("Required value")
        case .invalid(let found): join("Invalid value: \(found)")
        case .notSupported(let found, let supported):
            "Unsupported value: \(found): supported values: "
                + supported.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        case .forbidden: join("Forbidden")
        case .duplicate(let found): join("Duplicate value: \(found)")
        case .tooLong(let limit): "Too long: may not be more than \(limit) bytes"
        case .typeInvalid(let found): join("Invalid value: \(found)")
        case .notFound(let found): join("Not found: \(found)")
        }
    }

    private func join(_ start: String) -> String {
        detail.isEmpty ? start : "\(start): \(detail)"
    }
}

extension FieldError: CustomStringConvertible {
    package var description: String { "\(path): \(summary)" }
}
