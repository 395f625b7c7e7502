"""The desk's functions, on a session of their own."""

from datetime import date
from decimal import Decimal

import pytest
from alembic_app import service
from alembic_app.models import Loan, LoanStatus, Member
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


async def count_loans(session: AsyncSession) -> int | None:
    return await session.scalar(select(func.count()).select_from(Loan))


async def balance(session: AsyncSession, email: str) -> Decimal | None:
    return await session.scalar(select(Member.balance).where(Member.email == email))


async def test_a_free_tool_is_lent(session: AsyncSession) -> None:
    loan = await service.borrow(session, "ana@example.org", "saw-1", days=7, on=date(2026, 3, 5))
    assert (loan.id, loan.status) == (4, LoanStatus.OPEN)
    assert loan.due_on == date(2026, 3, 12)
    assert await count_loans(session) == 4


async def test_a_lent_tool_is_refused(session: AsyncSession) -> None:
    with pytest.raises(service.RefusedError, match="drill-1 is lent"):
        await service.borrow(session, "ben@example.org", "drill-1", days=7)
    assert await count_loans(session) == 3


async def test_a_returned_tool_is_lent_again(session: AsyncSession) -> None:
    await service.bring_back(session, 2)
    loan = await service.borrow(session, "ben@example.org", "drill-1", days=1)
    assert loan.id == 4
    assert [tool.tag for tool in await service.free_tools(session)] == [
        "press-1",
        "saw-1",
        "tiles-1",
    ]


async def test_a_loan_in_time_costs_its_days(session: AsyncSession) -> None:
    assert await service.bring_back(session, 2, on=date(2026, 3, 5)) == Decimal("13.50")
    assert await balance(session, "ana@example.org") == Decimal("-13.50")


async def test_late_days_cost_double(session: AsyncSession) -> None:
    assert await service.bring_back(session, 3, on=date(2026, 3, 8)) == Decimal("22.00")
    assert await balance(session, "ben@example.org") == Decimal("-22.00")


async def test_a_loan_is_closed_once(session: AsyncSession) -> None:
    await service.bring_back(session, 2, on=date(2026, 3, 4))
    with pytest.raises(service.RefusedError, match="loan 2 is returned"):
        await service.bring_back(session, 2)


async def test_a_lost_tool_is_charged_and_not_lent(session: AsyncSession) -> None:
    await service.report_lost(session, 2, Decimal("180.00"))
    assert await balance(session, "ana@example.org") == Decimal("-180.00")
    with pytest.raises(service.RefusedError, match="drill-1 is lost"):
        await service.borrow(session, "cem@example.org", "drill-1", days=1)


async def test_a_retired_tool_takes_its_loans_along(session: AsyncSession) -> None:
    await service.retire_tool(session, "drill-1")
    assert await count_loans(session) == 2
    assert await service.open_loans(session, "ana@example.org") == []


async def test_strangers_borrow_nothing(session: AsyncSession) -> None:
    with pytest.raises(service.NotFoundError, match="no member dan"):
        await service.borrow(session, "dan@example.org", "saw-1", days=1)
