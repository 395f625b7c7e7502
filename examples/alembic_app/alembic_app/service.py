"""What members and the desk do; every function is one transaction."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from alembic_app import settings
from alembic_app.models import Loan, LoanStatus, Member, Tool


class NotFoundError(Exception):
    """No member, tool or loan answers to that."""


class RefusedError(Exception):
    """The rules of the library say no."""


async def free_tools(session: AsyncSession, keyword: str | None = None) -> list[Tool]:
    """Tools that nobody has, by tag."""
    taken = select(Loan.tool_id).where(Loan.status != LoanStatus.RETURNED)
    query = select(Tool).where(Tool.id.not_in(taken)).order_by(Tool.tag)
    if keyword is not None:
        query = query.where(Tool.keywords.contains([keyword]))
    return list(await session.scalars(query))


async def open_loans(session: AsyncSession, email: str) -> list[Loan]:
    """What a member has at home, oldest first."""
    member = await _member(session, email)
    query = (
        select(Loan)
        .where(Loan.member_id == member.id, Loan.status == LoanStatus.OPEN)
        .order_by(Loan.id)
    )
    return list(await session.scalars(query))


async def borrow(
    session: AsyncSession, email: str, tag: str, days: int, on: date | None = None
) -> Loan:
    """Lend a tool for a number of days, from today if not told.

    Raises:
        NotFoundError: no such member or tool.
        RefusedError: another member has the tool, or it is lost.
    """
    member, tool = await _member(session, email), await _tool(session, tag)
    lost = select(Loan.id).where(Loan.tool_id == tool.id, Loan.status == LoanStatus.LOST)
    if await session.scalar(lost) is not None:
        raise RefusedError(f"{tag} is lost")
    loan = Loan(tool=tool, member=member, due_on=(on or date.today()) + timedelta(days=days))
    session.add(loan)
    try:
        await session.commit()
    except IntegrityError as error:
        await session.rollback()
        raise RefusedError(f"{tag} is lent") from error
    await session.refresh(loan)
    return loan


async def bring_back(session: AsyncSession, loan_id: int, on: date | None = None) -> Decimal:
    """Close a loan and charge its member; days after the due date cost more.

    Returns:
        What was charged.

    Raises:
        NotFoundError: no such loan.
        RefusedError: it is closed already.
    """
    loan = await _open_loan(session, loan_id)
    back = on or date.today()
    used = max((back - loan.borrowed_at.date()).days, 1)
    late = max((back - loan.due_on).days, 0)
    fee = loan.tool.daily_fee * (used + late * (settings.LATE_FEE_FACTOR - 1))
    _close(loan, LoanStatus.RETURNED, fee)
    await session.commit()
    return fee


async def report_lost(session: AsyncSession, loan_id: int, price: Decimal) -> None:
    """Close a loan whose tool will not come back; the member owes its price."""
    loan = await _open_loan(session, loan_id)
    _close(loan, LoanStatus.LOST, price)
    await session.commit()


async def retire_tool(session: AsyncSession, tag: str) -> None:
    """Remove a tool and the history of its loans."""
    await session.delete(await _tool(session, tag))
    await session.commit()


def _close(loan: Loan, status: LoanStatus, charge: Decimal) -> None:
    loan.status = status
    loan.closed_at = datetime.now(UTC)
    loan.member.balance -= charge


async def _member(session: AsyncSession, email: str) -> Member:
    member = await session.scalar(select(Member).where(Member.email == email))
    if member is None:
        raise NotFoundError(f"no member {email}")
    return member


async def _tool(session: AsyncSession, tag: str) -> Tool:
    tool = await session.scalar(select(Tool).where(Tool.tag == tag))
    if tool is None:
        raise NotFoundError(f"no tool {tag}")
    return tool


async def _open_loan(session: AsyncSession, loan_id: int) -> Loan:
    loan = await session.get(Loan, loan_id)
    if loan is None:
        raise NotFoundError(f"no loan {loan_id}")
    if loan.status is not LoanStatus.OPEN:
        raise RefusedError(f"loan {loan_id} is {loan.status}")
    return loan
