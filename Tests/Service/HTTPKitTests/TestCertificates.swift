/// Certificates for tests of TLS, made with openssl for a hundred years: an authority, a server and a client of its own, and a
/// client of another authority.
enum TestCertificates {
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBhzCCAS2gAwIBAgIUD226j3oOdlzuEYTMrL0HBHHhmnswCgYIKoZIzj0EAwIw
        GDEWMBQGA1UEAwwNcG91Y2ggdGVzdCBjYTAgFw0yNjExMjExMTAyMzJaGA8yMTI2
        MTAyODExMDIzMlowGDEWMBQGA1UEAwwNcG91Y2ggdGVzdCBjYTBZMBMGByqGSM49
        AgEGCCqGSM49AwEHA0IABHiVjnfEMvuuwXEnOIPNNpuxdSvXMRnWZD2V5tJFlqpz
        CIWYjUzYtZzHTmYiBi+oUbVyNaS2FtjP1BA+wmryI5OjUzBRMB0GA1UdDgQWBBRE
        NBwmAjA7Nks5JQLWvKKWWOzrmDAfBgNVHSMEGDAWgBRENBwmAjA7Nks5JQLWvKKW
        WOzrmDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEOKwKcQI3+K
        gs6NLy6+8/VTmNEd0Q36jt5TEAKhZr+SAiEAkl7Fs7UL8iHeTexpA1WYhXNTUmQZ
        4ZWExNjmsUjoupI=
        -----END CERTIFICATE-----
        """

    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBizCCATGgAwIBAgIUfBK6wkfiztXqdcJzqWePoHh3vU0wCgYIKoZIzj0EAwIw
        GDEWMBQGA1UEAwwNcG91Y2ggdGVzdCBjYTAgFw0yNjExMjExMTAyMzJaGA8yMTI2
        MTAyODExMDIzMlowETEPMA0GA1UEAwwGc2VydmVyMFkwEwYHKoZIzj0CAQYIKoZI
        zj0DAQcDQgAEckrGBOejzHNYV2sOIQ0LFdd5NoNkTtiRgSP4VstJ3bYLNCQKu/in
        a36SmdS1GzjlDN4cRawt4+lVro47iiND6aNeMFwwGgYDVR0RBBMwEYIJbG9jYWxo
        b3N0hwR/AAABMB0GA1UdDgQWBBS6QrREl1k4DzF8i3deF8bc9e46FDAfBgNVHSME
        GDAWgBRENBwmAjA7Nks5JQLWvKKWWOzrmDAKBggqhkjOPQQDAgNIADBFAiBvaZXN
        Z4vCODbpxgDZRv711hSwB0OpZFOF4yQCInnCtQIhAJHbX0CVlOY1ptgIp7iIn7iA
        Z6rqYC4UkSmLipJp4l1K
        -----END CERTIFICATE-----
        """

    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgn6+j9o+0LhMzYKj2
        aRbonSZxHC0cOG+Bc5n+rht4d/OhRANCAARySsYE56PMc1hXaw4hDQsV13k2g2RO
        2JGBI/hWy0ndtgs0JAq7+KdrfpKZ1LUbOOUM3hxFrC3j6VWujjuKI0Pp
        -----END PRIVATE KEY-----
        """

    static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBjDCCATGgAwIBAgIUfBK6wkfiztXqdcJzqWePoHh3vU4wCgYIKoZIzj0EAwIw
        GDEWMBQGA1UEAwwNcG91Y2ggdGVzdCBjYTAgFw0yNjExMjExMTAyMzJaGA8yMTI2
        MTAyODExMDIzMlowETEPMA0GA1UEAwwGY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZI
        zj0DAQcDQgAE6ZyypcBTUmvUXF9iKYIgGa+oEfVyRua4GeGX+sXrEwEW31Ubz4KH
        ZW6KKY2L6jVfPYNIjz2CTqG7MPOVtlG3cKNeMFwwGgYDVR0RBBMwEYIJbG9jYWxo
        b3N0hwR/AAABMB0GA1UdDgQWBBRr89nIy4dTLyx3YEe1IuoGqfySEjAfBgNVHSME
        GDAWgBRENBwmAjA7Nks5JQLWvKKWWOzrmDAKBggqhkjOPQQDAgNJADBGAiEA8r/e
        SJRNnwSn4VdIUHjGtfu/hq9htjWz9hs7nSr+4hQCIQDwP1CM2L4eSxmOLFl9pUgj
        0rWAOm+LrWPcJJK0suFAfQ==
        -----END CERTIFICATE-----
        """

    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtKzqi8mK8sSXkOFq
        XasiPDheqkJuMuMuTbNjzp8Vsn2hRANCAATpnLKlwFNSa9RcX2IpgiAZr6gR9XJG
        5rgZ4Zf6xesTARbfVRvPgodlboopjYvqNV89g0iPPYJOobsw85W2Ubdw
        -----END PRIVATE KEY-----
        """

    static let stranger = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATagAwIBAgIUUxzrqbJRzIEE/YFrGOj9tgKRGdswCgYIKoZIzj0EAwIw
        GzEZMBcGA1UEAwwQcG91Y2ggdGVzdCBvdGhlcjAgFw0yNjExMjExMTAyMzJaGA8y
        MTI2MTAyODExMDIzMlowEzERMA8GA1UEAwwIc3RyYW5nZXIwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAAQOwJdigm7tJHYl2b0sSTwp7u/VbI7Y815Xe3L9C9JQ6gIQ
        XXfJ3lZ2HBHrL+GfqQe4s6pRDM5BguyG/39YdmC6o14wXDAaBgNVHREEEzARggls
        b2NhbGhvc3SHBH8AAAEwHQYDVR0OBBYEFOQkaeu5/xvAsUBJv74Q7gofE394MB8G
        A1UdIwQYMBaAFGYomHDqhfyrpnj7oCaEjxh4dA1RMAoGCCqGSM49BAMCA0cAMEQC
        IAkdvh6jDzytVGDwyw6LsUHK0PXNlG6BRNd9t0dIqcPsAiAgD0FjukBMyr3KVxBR
        iYx9U/9Nezm1SoI+Pb+nwOAOCg==
        -----END CERTIFICATE-----
        """

    static let strangerKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgV0CM0wL2KjbVCvM/
        xUlXsthGZ1+S8pARoJmzjpEpaLKhRANCAAQOwJdigm7tJHYl2b0sSTwp7u/VbI7Y
        815Xe3L9C9JQ6gIQXXfJ3lZ2HBHrL+GfqQe4s6pRDM5BguyG/39YdmC6
        -----END PRIVATE KEY-----
        """
}
