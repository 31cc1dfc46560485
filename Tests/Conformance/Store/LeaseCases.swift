internal import ClusterStore
internal import Testing

extension ConformanceCase {
    static let leases = [
        ConformanceCase("what was written with a lease goes when its time is over, at one revision") { test in
            let lease = try await test.store.grantLease(.seconds(10))
            try await test.store.put("a", "1", lease: lease.id)
            try await test.store.put("b", "1", lease: lease.id)
            try await test.store.put("c", "1")
            let watch = try await test.store.watch(WatchRequest("".folder))
            test.clock.advance(by: .seconds(9))
            try await test.endLeases()
            #expect(try await test.store.keys("") == ["a", "b", "c"])
            test.clock.advance(by: .seconds(1))
            try await test.endLeases()
            #expect(try await test.store.keys("") == ["c"])
            #expect(try await watch.next()?.summary == ["-a", "-b"])
        },
        ConformanceCase("a lease that is renewed has its whole time again") { test in
            let lease = try await test.store.grantLease(.seconds(10))
            try await test.store.put("a", "1", lease: lease.id)
            for _ in 0..<5 {
                test.clock.advance(by: .seconds(9))
                try await test.endLeases()
                try await test.store.renewLease(lease.id)
            }
            #expect(try await test.store.text("a") == "1")
            test.clock.advance(by: .seconds(10))
            try await test.endLeases()
            #expect(try await test.store.text("a") == nil)
            await #expect(throws: StoreError.leaseNotFound(lease.id)) { try await test.store.renewLease(lease.id) }
        },
        ConformanceCase("a lease can be given back") { test in
            let lease = try await test.store.grantLease(.seconds(10))
            try await test.store.put("a", "1", lease: lease.id)
            try await test.store.revokeLease(lease.id)
            #expect(try await test.store.text("a") == nil)
            await #expect(throws: StoreError.leaseNotFound(lease.id)) { try await test.store.revokeLease(lease.id) }
        },
        ConformanceCase("nothing is written with a lease that is not there") { test in
            await #expect(throws: StoreError.leaseNotFound(LeaseID(7))) {
                try await test.store.put("a", "1", lease: LeaseID(7))
            }
            #expect(test.store.revision == .first)
        },
        ConformanceCase("what is written anew without the lease, or with another, stays") { test in
            let lease = try await test.store.grantLease(.seconds(10))
            let other = try await test.store.grantLease(.seconds(100))
            for key in ["a", "b", "c"] { try await test.store.put(key, "1", lease: lease.id) }
            try await test.store.put("a", "2")
            try await test.store.put("b", "2", lease: other.id)
            test.clock.advance(by: .seconds(10))
            try await test.endLeases()
            #expect(try await test.store.keys("") == ["a", "b"])
        },
        ConformanceCase("a lease lasts longer than no time") { test in
            await #expect(throws: StoreError.self) { try await test.store.grantLease(.zero) }
        },
    ]
}
