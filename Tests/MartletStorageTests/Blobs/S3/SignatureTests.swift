import MartletCore
import Testing

@testable import MartletStorage

/// A request, and how it is signed.
struct SignatureVector: Sendable, CustomTestStringConvertible {
    var name: String
    var method: String
    var path: String
    var query: [String] = []
    var headers: [String] = []
    var payload = S3Request.hashOfNothing
    var signature: String

    var testDescription: String { name }

    func request(_ common: [SignatureV4.Pair]) -> SignatureV4.Request {
        SignatureV4.Request(
            method: method,
            path: path,
            query: pairs(query),
            headers: common + pairs(headers),
            payloadHash: payload
        )
    }

    private func pairs(_ flat: [String]) -> [SignatureV4.Pair] {
        stride(from: 0, to: flat.count, by: 2).map { (flat[$0], flat[$0 + 1]) }
    }
}

/// Vectors that AWS publishes: the "Signature Version 4 test suite", and the examples of the S3 API reference,
/// "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query Parameters".
@Suite("Signature version 4")
struct SignatureTests {
    static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    static let suiteVectors = [
        SignatureVector(
            name: "get-vanilla",
            method: "GET",
            path: "/",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        ),
        SignatureVector(
            name: "post-vanilla",
            method: "POST",
            path: "/",
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        ),
        SignatureVector(
            name: "get-vanilla-query-order-key-case",
            method: "GET",
            path: "/",
            query: ["Param2", "value2", "Param1", "value1"],
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        SignatureVector(
            name: "get-vanilla-query-unreserved",
            method: "GET",
            path: "/",
            query: [unreserved, unreserved],
            signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"
        ),
        SignatureVector(
            name: "get-vanilla-utf8-query",
            method: "GET",
            path: "/",
            query: ["\u{1234}", "bar"],
            signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"
        ),
        SignatureVector(
            name: "get-utf8",
            method: "GET",
            path: "/" + SignatureV4.encode("\u{1234}", slashes: false),
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"
        ),
    ]

    @Test("the vectors of the test suite", arguments: suiteVectors)
    func testSuite(vector: SignatureVector) {
        let signer = SignatureV4(
            credentials: S3Credentials(
                accessKey: "AKIDEXAMPLE",
                secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                sessionToken: nil
            ),
            region: "us-east-1",
            service: "service"
        )
        let time: Int64 = 1_440_938_160_000
        let request = vector.request([("Host", "example.amazonaws.com"), ("X-Amz-Date", SignatureV4.stamp(time))])
        let expected =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            + "SignedHeaders=host;x-amz-date, Signature=\(vector.signature)"
        #expect(signer.authorization(request, at: time) == expected)
    }

    static let exampleVectors = [
        SignatureVector(
            name: "get object",
            method: "GET",
            path: "/test.txt",
            headers: ["Range", "bytes=0-9"],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        SignatureVector(
            name: "put object",
            method: "PUT",
            path: "/" + SignatureV4.encode("test$file.text", slashes: false),
            headers: ["Date", "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class", "REDUCED_REDUNDANCY"],
            payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        SignatureVector(
            name: "get bucket lifecycle",
            method: "GET",
            path: "/",
            query: ["lifecycle", ""],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        SignatureVector(
            name: "list objects",
            method: "GET",
            path: "/",
            query: ["prefix", "J", "max-keys", "2"],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ]

    private let time: Int64 = 1_369_353_600_000
    private let signer = SignatureV4(
        credentials: S3Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE",
            secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            sessionToken: nil
        ),
        region: "us-east-1"
    )

    @Test("the examples of the S3 reference", arguments: exampleVectors)
    func examples(vector: SignatureVector) {
        let request = vector.request([
            ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", SignatureV4.stamp(time)),
            ("x-amz-content-sha256", vector.payload),
        ])
        #expect(signer.authorization(request, at: time).hasSuffix("Signature=\(vector.signature)"))
    }

    @Test("the presigned address of the S3 reference")
    func presigned() {
        let request = SignatureV4.Request(
            method: "GET",
            path: "/test.txt",
            headers: [("host", "examplebucket.s3.amazonaws.com")],
            payloadHash: ""
        )
        let query = signer.presignedQuery(request, at: time, expires: 86_400)
        #expect(
            query == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
    }

    @Test("credentials are not printed, by whatever road")
    func secrets() {
        let credentials = S3Credentials(accessKey: "AK", secretKey: "hush", sessionToken: "hush")
        var dumped = ""
        dump(credentials, to: &dumped)
        #expect(!"\(credentials) \(String(reflecting: credentials)) \([credentials]) \(dumped)".contains("hush"))
    }
}
