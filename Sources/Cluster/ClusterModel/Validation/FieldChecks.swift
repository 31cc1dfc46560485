internal import JSON

/// Collects what is wrong with an object: each check names the field's path.
struct FieldChecks {
    private(set) var errors: [FieldError] = []

    mutating func add(_ error: FieldError) { errors.append(error) }
    mutating func add(_ more: [FieldError]) { errors += more }

    mutating func add(_ field: Field, _ problem: FieldError.Problem, _ detail: String = "") {
        errors.append(FieldError(field.path, problem, detail))
    }

    mutating func invalid(_ field: Field, _ detail: String) {
        add(field, .invalid(found: (field.value ?? "").summary), detail)
    }

    /// The text, or an error that it is required.
    mutating func required(_ field: Field, _ detail: String = "") -> String? {
        guard let text = field.text, !text.isEmpty else {
            add(field, .required, detail)
            return nil
        }
        return text
    }

    mutating func label(_ field: Field) {
        guard let text = required(field), let why = Names.labelProblem(text) else { return }
        invalid(field, why)
    }

    mutating func subdomain(_ field: Field) {
        guard let text = required(field), let why = Names.subdomainProblem(text) else { return }
        invalid(field, why)
    }

    /// One of `choices`, when it is there.
    mutating func choice(_ field: Field, _ choices: [String], isRequired: Bool = false) {
        guard let text = field.text, !text.isEmpty else {
            if isRequired { add(field, .required) }
            return
        }
        if !choices.contains(text) { add(field, .notSupported(found: "\"\(text)\"", supported: choices)) }
    }

    mutating func notNegative(_ field: Field) {
        if let number = field.number, number < 0 { invalid(field, "must be greater than or equal to 0") }
    }

    mutating func positive(_ field: Field) {
        if let number = field.number, number < 1 { invalid(field, "must be greater than 0") }
    }

    mutating func port(_ field: Field) {
        if let number = field.number, !(1...65535).contains(number) {
            invalid(field, "must be between 1 and 65535, inclusive")
        }
    }

    mutating func labels(_ field: Field) {
        for (key, value) in field.entries {
            if let why = Names.qualifiedProblem(key) { add(field, .invalid(found: "\"\(key)\""), why) }
            if let why = Names.labelValueProblem(value.text ?? "") {
                add(field, .invalid(found: "\"\(value.text ?? "")\""), why)
            }
        }
    }

    /// `matchLabels` and `matchExpressions`.
    mutating func selector(_ field: Field) {
        labels(field["matchLabels"])
        for expression in field["matchExpressions"].elements {
            let values = expression["values"]
            switch expression["operator"].text ?? "" {
            case "In", "NotIn":
                if values.elements.isEmpty {
                    add(values, .required, "must be specified when `operator` is 'In' or 'NotIn'")
                }
            case "Exists", "DoesNotExist":
                if !values.elements.isEmpty {
                    add(values, .forbidden, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
                }
            default: invalid(expression["operator"], "not a valid selector operator")
            }
            if let why = Names.qualifiedProblem(expression["key"].text ?? "") { invalid(expression["key"], why) }
        }
    }

    /// Each text of a list once; `texts` are the fields that carry them.
    mutating func unique(_ texts: [Field]) {
        var seen: Set<String> = []
        for field in texts {
            guard let text = field.text, !text.isEmpty else { continue }
            if !seen.insert(text).inserted { add(field, .duplicate(found: "\"\(text)\"")) }
        }
    }
}
