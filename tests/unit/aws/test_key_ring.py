import msgspec
import pytest

from chalicelib.aws.api_errors import ApiError
from chalicelib.aws.key_ring import KeyRing, new_tenant, with_receipt_key
from chalicelib.aws.kms import Kms
from chalicelib.aws.rotating import with_new_branch_key, with_new_index_key
from chalicelib.aws.settings import Settings
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.envelope import open_from, seal_to
from chalicelib.privacy.receipts import signing_pair
from chalicelib.privacy.seal_broken import SealBroken

SETTINGS = Settings(
    *["x"] * 13,
    "KI",
    "KB",
    "KE",
    "KR",
    "eu-west-1",
    {},
    key_cache_seconds=300,
    key_hard_limit_seconds=3600,
    key_cache_entries=3,
)


class FakeKms:
    """Wraps by writing key id and context before the key."""

    def __init__(self):
        self.is_down = False
        self.opened = []

    def encrypt(self, key_id, plaintext, context):
        """The key behind its id and context."""
        return repr((key_id, sorted(context.items()))).encode() + b"|" + plaintext

    def decrypt(self, key_id, blob, context):
        """The key, when id and context are those it was wrapped with."""
        self.opened.append((key_id, context["tenant"], context["purpose"]))
        if self.is_down:
            raise Unavailable("no_answer", "KMS is down")
        head = self.encrypt(key_id, b"", context)
        if not blob.startswith(head):
            raise SealBroken
        return blob.removeprefix(head)


def counted():
    made = iter(range(1, 99))
    return lambda length: bytes([next(made)]) * length


@pytest.fixture
def kms():
    return FakeKms()


@pytest.fixture
def tenant(kms):
    return new_tenant(kms, SETTINGS, counted(), tenant_id="t_1", name="Shop", timezone="Asia/Shanghai")


@pytest.fixture
def ring(kms, steps):
    return KeyRing(kms, SETTINGS, steps.clock)


def test_key_ring__keys_of_a_tenant__open_by_purpose(ring, kms, tenant):
    """Each purpose has its KMS key and context; the ingest key opens what the public one sealed."""
    assert ring.index_key(tenant) == b"\x02" * 64
    assert ring.branch_key(tenant) == (1, b"\x03" * 32)
    private = ring.ingest_private(tenant)
    assert open_from(private, seal_to(tenant.ingest_public, b"x", b"t_1"), b"t_1") == b"x"
    assert kms.opened == [("KI", "t_1", "index"), ("KB", "t_1", "branch"), ("KE", "t_1", "ingest")]


def test_key_ring__fresh_key__is_not_opened_again(ring, kms, tenant, steps):
    """A key is asked of KMS once per cache time."""
    ring.index_key(tenant)
    steps.at = 299
    ring.index_key(tenant)
    assert len(kms.opened) == 1
    steps.at = 300
    ring.index_key(tenant)
    assert len(kms.opened) == 2


def test_key_ring__kms_down__goes_on_with_kept_keys_until_the_limit(ring, kms, tenant, steps):
    """Work goes on through an outage of KMS, not for ever, and without asking at each event (P8)."""
    ring.index_key(tenant)
    kms.is_down = True
    for steps.at in (300, 301, 309.9, 310, 3599.9):
        assert ring.index_key(tenant) == b"\x02" * 64
    assert len(kms.opened) == 1 + 3
    steps.at = 3600
    with pytest.raises(Unavailable):
        ring.index_key(tenant)
    kms.is_down = False
    assert ring.index_key(tenant) == b"\x02" * 64


def test_key_ring__kms_down_and_nothing_kept__is_unavailable(ring, kms, tenant):
    """Events wait: nothing is done without the key."""
    kms.is_down = True
    with pytest.raises(Unavailable):
        ring.branch_key(tenant)


def test_key_ring__refused_for_good__forgets_the_key(ring, kms, tenant, steps):
    """A key that KMS no longer opens is not used on."""
    ring.index_key(tenant)
    steps.at = 300
    kms.encrypt = lambda *_: b"changed"
    with pytest.raises(SealBroken):
        ring.index_key(tenant)
    kms.is_down = True
    with pytest.raises(Unavailable):
        ring.index_key(tenant)


def test_key_ring__more_tenants_than_entries__drops_the_longest_unused(ring, kms):
    """Memory is bounded, however many tenants pass."""
    tenants = [new_tenant(kms, SETTINGS, counted(), tenant_id=f"t_{n}", name="", timezone="UTC") for n in range(4)]
    for n in (0, 1, 2, 0, 3):
        ring.index_key(tenants[n])
    kms.opened.clear()
    for n in (0, 2, 3, 1):
        ring.index_key(tenants[n])
    assert kms.opened == [("KI", "t_1", "index")]
    assert repr(ring) == "<key ring of 3>"


def test_key_ring__key_of_another_tenant_or_purpose__does_not_open(ring, tenant):
    """A wrapped key moved to another record is useless there."""
    with pytest.raises(SealBroken):
        ring.index_key(msgspec.structs.replace(tenant, tenant_id="t_2"))
    with pytest.raises(SealBroken):
        ring.ingest_private(msgspec.structs.replace(tenant, ingest_private=tenant.index_key))


def test_with_new_branch_key__added__seals_with_it_and_opens_with_the_older(ring, kms, tenant):
    """Rotation loses nothing."""
    rotated = with_new_branch_key(kms, SETTINGS, lambda length: b"\x77" * length, tenant)
    assert ring.branch_key(rotated) == (2, b"\x77" * 32)
    assert ring.branch_key(rotated, 1) == (1, b"\x03" * 32)
    with pytest.raises(KeyError):
        ring.branch_key(rotated, 3)


def test_kept_key__printed__shows_nothing(ring, tenant):
    """A key that reaches a log by accident is not readable there."""
    ring.index_key(tenant)
    assert str(list(ring._kept.values())) == "[<kept key>]"


REFUSALS = (
    "DisabledException",
    "KMSInvalidStateException",
    "NotFoundException",
    "AccessDeniedException",
    "KeyUnavailableException",
    "KMSInternalException",
)


class RefusingApi:
    """KMS's API, which opens what it wrapped until it is told to refuse."""

    def __init__(self):
        self.refusal = ""
        self.asked = 0

    def call(self, operation, body):
        """The answer, or the refusal."""
        self.asked += 1
        if self.refusal:
            raise ApiError(self.refusal, 400, "the key is not usable")
        return (
            {"CiphertextBlob": body["Plaintext"]} if operation == "Encrypt" else {"Plaintext": body["CiphertextBlob"]}
        )


@pytest.mark.parametrize("code", REFUSALS)
def test_key_ring__key_disabled_or_going__goes_on_to_the_limit_and_then_waits(code, steps):
    """Whatever KMS's reason: a fresh key is not asked for, a kept one is used to its limit, then nothing is done without
    it; somebody is told KMS's own code each time; once the key is enabled again all goes on.
    """
    api, told = RefusingApi(), []
    kms = Kms(api)
    tenant = new_tenant(kms, SETTINGS, counted(), tenant_id="t_1", name="Shop", timezone="Asia/Shanghai")
    ring = KeyRing(kms, SETTINGS, steps.clock, lambda *refused: told.append(refused))
    version, key = ring.branch_key(tenant)
    api.refusal = code
    asked = api.asked
    steps.at = 299
    assert ring.branch_key(tenant) == (version, key)
    assert (api.asked, told) == (asked, []), "a fresh key is used as it is"
    for steps.at in (300, 1_800, 3_599):
        assert ring.branch_key(tenant) == (version, key)
    assert told == [("t_1", "branch", code)] * 3
    for steps.at in (3_600, 9_000):
        with pytest.raises(Unavailable) as refused:
            ring.branch_key(tenant)
        assert refused.value.code == "key_unavailable"
    with pytest.raises(Unavailable):
        ring.ingest_private(tenant)
    assert told[-1] == ("t_1", "ingest", code)
    api.refusal = ""
    assert ring.branch_key(tenant) == (version, key)


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "IncorrectKeyException"])
def test_key_ring__blob_that_is_another__is_forgotten_at_once(code, steps):
    """What KMS says is not what it wrapped is no outage: the kept key is dropped, however fresh the limit."""
    api = RefusingApi()
    kms = Kms(api)
    tenant = new_tenant(kms, SETTINGS, counted(), tenant_id="t_1", name="Shop", timezone="Asia/Shanghai")
    ring = KeyRing(kms, SETTINGS, steps.clock)
    ring.index_key(tenant)
    api.refusal = code
    steps.at = 300
    for _ in range(2):
        with pytest.raises(SealBroken):
            ring.index_key(tenant)


def test_key_ring__two_versions__are_opened_apart(ring, kms, tenant):
    """While an index key is rotated both versions are asked for, and the newer one does not take the older one's place."""
    rotated = with_new_index_key(kms, SETTINGS, lambda size: bytes([200]) * size, tenant, 0)
    assert ring.index_key(rotated) == ring.index_key(tenant) == b"\x02" * 64
    assert ring.index_key(rotated, 2) == bytes([200]) * 32 + b"\x02" * 32
    with pytest.raises(KeyError):
        ring.index_key(tenant, 2)


def test_receipt_key__older_tenant__gets_one_and_keeps_it(kms, tenant):
    """What was signed once is verified for ever: a second call makes no other key."""
    older = msgspec.structs.replace(tenant, receipt_private=b"", receipt_public=b"")
    ring = KeyRing(kms, SETTINGS, lambda: 0.0)
    with pytest.raises(Unavailable, match="no_receipt_key"):
        ring.receipt_private(older)
    made = with_receipt_key(kms, SETTINGS, lambda length: b"r" * length, older)
    assert signing_pair(ring.receipt_private(made))[1] == made.receipt_public
    assert with_receipt_key(kms, SETTINGS, lambda length: b"s" * length, made) is made
    assert kms.opened[-1] == ("KR", "t_1", "receipt")
