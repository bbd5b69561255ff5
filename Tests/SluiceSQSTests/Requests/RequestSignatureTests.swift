import FoundationEssentials
import SluiceHTTP
import Testing

@testable import SluiceSQS

/// AWS's own test vectors: https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4
@Suite struct RequestSignatureTests {
    private let signature = RequestSignature(region: "us-east-1", service: "service")
    private let credentials = AWSCredentials(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )
    // 2015-08-30T12:36:00Z
    private let time = SigningTime(Date(timeIntervalSince1970: 1_440_938_160))

    private func authorization(_ method: String, _ headers: [HTTPField], _ body: String = "") -> String {
        let standard = [HTTPField("Host", "example.amazonaws.com"), HTTPField("X-Amz-Date", "20150830T123600Z")]
        let request = HTTPRequest(method, "", headers: headers + standard, body: Array(body.utf8))
        return signature.authorization(of: request, path: "/", at: time, by: credentials)
    }

    private func expected(_ headers: String, _ signature: String) -> String {
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            + "SignedHeaders=\(headers), Signature=\(signature)"
    }

    @Test("post-vanilla") func postVanilla() {
        #expect(
            authorization("POST", [])
                == expected("host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
        )
    }

    @Test("post-x-www-form-urlencoded") func body() {
        let headers = [
            HTTPField("Content-Type", "application/x-www-form-urlencoded"), HTTPField("Content-Length", "13"),
            HTTPField("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
        ]
        #expect(
            authorization("POST", headers, "Param1=value1")
                == expected(
                    "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
                    "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"
                )
        )
    }

    @Test("post-sts-header-before") func sessionToken() {
        let token = """
            AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuw\
            thAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHN\
            VXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxB\
            A==
            """
        #expect(
            authorization("POST", [HTTPField("X-Amz-Security-Token", token)])
                == expected(
                    "host;x-amz-date;x-amz-security-token",
                    "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
                )
        )
    }

    @Test("get-vanilla-with-session-token") func anotherMethod() {
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
        #expect(
            authorization("GET", [HTTPField("X-Amz-Security-Token", token)])
                == expected(
                    "host;x-amz-date;x-amz-security-token",
                    "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"
                )
        )
    }

    @Test("get-header-value-trim, without spaces within values") func trimsValues() {
        #expect(
            authorization("GET", [HTTPField("My-Header", " value ")])
                == authorization("GET", [HTTPField("my-header", "value")])
        )
    }

    @Test func credentialsDoNotShowTheirSecret() {
        let credentials = AWSCredentials(accessKeyID: "AKIDEXAMPLE123", secretAccessKey: "hidden", sessionToken: "too")
        var text = ""
        dump(credentials, to: &text)
        for shown in ["\(credentials)", String(reflecting: credentials), text, "\(Optional(credentials) as Any)"] {
            #expect(!shown.contains("hidden") && !shown.contains("too") && shown.contains("AKID****E123"), "\(shown)")
        }
    }
}
