from sojourn.sandbox.search_service.bodies import MemberBody, UserBody
from sojourn.sandbox.search_service.identities import Identities


def people() -> Identities:
    made = Identities()
    made.replace_users([UserBody(email="ann@x", user_id="a"), UserBody(email="bob@x")])
    made.replace_members("sales", [MemberBody(member_user_id="a")])
    made.replace_members("everyone", [MemberBody(member_group_name="staff")])
    made.replace_members("staff", [MemberBody(member_group_name="sales")])
    return made


def test_groups_of_groups_count() -> None:
    assert people().groups_of("ann@x") == {"sales", "staff", "everyone"}
    assert people().groups_of("bob@x") == frozenset()


def test_circles_of_groups_end() -> None:
    made = people()
    made.replace_members("sales", [MemberBody(member_group_name="everyone"),
                                   MemberBody(member_user_id="bob@x")])  # fmt: skip
    assert made.groups_of("bob@x") == {"sales", "staff", "everyone"}


def test_replaced_members_and_people_lose_what_they_had() -> None:
    made = people()
    assert made.groups_of("ann@x")
    made.replace_members("sales", [])
    assert made.groups_of("ann@x") == frozenset()
    made.replace_users([])
    assert made.names("ann@x") == ()


def test_people_who_have_left_have_no_name() -> None:
    made = people()
    made.put_users([UserBody(email="ann@x", user_id="a", is_active=False)])
    assert made.names("ann@x") == ()
    assert made.groups_of("ann@x") == frozenset()
